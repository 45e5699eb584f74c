#include <fmt/format.h>

#include "alkali/base/files.hpp"
#include "alkali/config/json.hpp"
#include "alkali/config/write.hpp"
#include "alkali/labelling/run.hpp"
#include "interrupt.hpp"
#include "label.hpp"
#include "labellers.hpp"
#include "output.hpp"
#include "process.hpp"
#include "version.hpp"

namespace alkali::app {
namespace {

struct RunArguments {
    std::filesystem::path config, schema;
    bool gather = false, keys = false;
};

void say(const labelling::RunSettings& settings, const labelling::RunOutcome& outcome) {
    print_out("{} of {} frames labelled ({} different structures, {} labelled now)\n", outcome.labelled, outcome.frames, outcome.structures,
              outcome.made);
    if (outcome.labelled > 0) print_out("{}\n", settings.output.string());
    if (outcome.failed.empty()) return;
    print_out("failed:\n");
    for (const auto& [where, failure] : outcome.failed)
        print_out("  {}: {} ({}){}\n", where, failure.what, to_string(failure.fault), failure.hint.empty() ? "" : "\n    " + failure.hint);
}

/// The command's status is 1 unless every frame has its label.
void judge(const labelling::RunSettings& settings, const labelling::RunOutcome& outcome) {
    if (outcome.stopped)
        throw Error(fmt::format("interrupted; {} of {} frames have no label yet", outcome.left, outcome.frames), settings.source,
                    "run the same command again to go on");
    if (!outcome.gave_up.empty())
        throw ExternalProgramError("gave up: " + outcome.gave_up, settings.source,
                                   fmt::format("{} frames were not tried; put it right and run the same command again", outcome.left));
    if (!outcome.failed.empty())
        throw ExternalProgramError(fmt::format("{} of {} frames have no label", outcome.failed.size(), outcome.frames), settings.source,
                                   "the reasons are listed above; what hit a limit or was killed is tried again by the next run, the rest "
                                   "with retry_failed: true");
    if (outcome.left > 0)
        throw Error(fmt::format("{} of {} frames have no label yet", outcome.left, outcome.frames), settings.source,
                    "run without --gather to make them");
}

void run_label(const RunArguments& arguments, Context& context) {
    const auto settings = labelling::load_run(arguments.config, labeller_kinds(), context.log);
    labelling::RunRequest request;
    request.version = version;
    request.task_command = {program_file().string(), "label", "task", std::filesystem::absolute(arguments.config).string()};
    request.stop = &catch_interrupts();
    request.gather_only = arguments.gather;
    const auto outcome = labelling::run_labels(settings, request, context.log, context.progress);
    say(settings, outcome);
    judge(settings, outcome);
}

}  // namespace

void add_label_run(CLI::App& label, Context& context) {
    auto arguments = std::make_shared<RunArguments>();
    auto* command = label.add_subcommand("run", "Labels files of structures; what is in the store is never computed again");
    auto* config = context.paths.reads(command->add_option("config", arguments->config, "Config (YAML)")->type_name("CONFIG"));
    command->add_flag("--gather", arguments->gather, "Only write the output from what the store has");
    command->add_flag("--keys", arguments->keys, "Print every key of the config with meaning and default");
    auto* schema = context.paths.writes(
        command->add_option("--schema", arguments->schema, "Write the JSON schema of the config to this file")->type_name("FILE"));
    command->footer(
        "It may be interrupted (Ctrl-C), killed and started again at any time. Status 1 unless every frame has a label.\n"
        "Examples:\n"
        "  alkali label run examples/lithium/label.yaml\n"
        "  alkali label run label.yaml --gather\n"
        "  alkali label run --keys\n"
        "  label.yaml:\n"
        "    labeller: {type: quantum_espresso, config: qe-fast.yaml}\n"
        "    input: structures.extxyz\n"
        "    output: labelled.extxyz\n"
        "    store: labels.sqlite\n"
        "    queue: {type: local, jobs: 2}");
    command->callback([=, &context] {
        if (arguments->keys)
            print_out("{}", config::help_text(labelling::run_options(labeller_kinds(), false)));
        else if (schema->count() > 0)
            base::write_file(
                arguments->schema,
                config::json_text(config::json_schema(labelling::run_options(labeller_kinds(), false), "alkali label run"), 2) + "\n");
        else if (config->count() == 0)
            throw CLI::RequiredError("config");
        else
            run_label(*arguments, context);
    });
}

}  // namespace alkali::app
