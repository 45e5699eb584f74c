#include <fmt/format.h>
#include <omp.h>

#include <cmath>
#include <memory>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/config/write.hpp"
#include "alkali/training/session.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "mpi.hpp"
#include "version.hpp"

namespace alkali::app {
namespace {

struct TrainArguments {
    std::filesystem::path config, output;
    bool restart = false, init_only = false, overwrite = false, keys = false;
    int committee = 0, threads = 0;
    std::filesystem::path schema;
};

std::string command_line(const TrainArguments& arguments) {
    return "alkali train " + arguments.config.string() + " -o " + arguments.output.string() + (arguments.restart ? " --restart" : "") +
           (arguments.init_only ? " --init-only" : "");
}

void say(const training::Outcome& outcome, const std::filesystem::path& folder, bool init_only) {
    if (init_only) {
        fmt::print("{}\n", (folder / "init.safetensors").string());
        return;
    }
    fmt::print("{} after {} epochs, {} steps; best: epoch {}\n", outcome.reason, outcome.epochs, outcome.steps, outcome.best_epoch);
    const auto figures = training::figures(outcome.last.errors);
    for (const auto& [name, value] : figures.items())
        if (name.ends_with("_rmse"))
            fmt::print("validation {}: {:.4g} {}\n", name, value.get<double>(),
                       name.starts_with("energy")  ? "meV/atom"
                       : name.starts_with("force") ? "meV/angstrom"
                                                   : "GPa");
    fmt::print("{}\n", (folder / "best.safetensors").string());
}

void run_train(const TrainArguments& arguments, Context& context) {
    if (arguments.threads > 0) omp_set_num_threads(arguments.threads);
    const auto kinds = models::model_kinds();
    const auto communicator = open_communicator();
    const bool first = communicator->rank() == 0;
    base::NullSink no_log;
    base::NullProgress no_progress;
    training::SessionRequest request{
        arguments.config, arguments.output,       arguments.restart, arguments.init_only, arguments.overwrite, 0, 0,
        version,          command_line(arguments)};
    const int members = std::max(1, arguments.committee);
    for (int m = 0; m < members; ++m) {
        if (arguments.committee > 0) {
            request.output = arguments.output / fmt::format("member_{}", m + 1);
            request.seed_offset = static_cast<std::uint64_t>(m);
            if (m > 0) request.cpu_before = base::process_cpu_seconds();
            if (first) context.log.info(fmt::format("member {} of {}", m + 1, members));
        }
        const auto outcome =
            training::train(request, kinds, *communicator, first ? context.log : no_log, first ? context.progress : no_progress);
        if (first) say(outcome, request.output, arguments.init_only);
    }
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<TrainArguments>();
    auto* command = app.add_subcommand("train", "Fits a model to labelled frames");
    auto* config = command->add_option("config", arguments->config, "Training config (YAML)")->type_name("CONFIG");
    auto* output =
        command
            ->add_option(
                "-o,--output", arguments->output,
                "Folder for best.safetensors, last.safetensors, metrics.csv, checkpoint/, config.yaml; default: named as the config")
            ->type_name("DIR");
    auto* restart = command->add_flag("--restart", arguments->restart,
                                      "Go on from the checkpoint in the folder: ends with the model of an uninterrupted run");
    command->add_flag("--init-only", arguments->init_only, "Only write init.safetensors, the model before training");
    command->add_flag("--overwrite", arguments->overwrite, "Start anew in a folder that holds a run")->excludes(restart);
    command->add_option("--committee", arguments->committee, "Train N models from different seeds into member_1 ... member_N")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    add_threads_option(*command, arguments->threads);
    command->add_flag("--keys", arguments->keys, "Print every key of a config with meaning, default and other names");
    auto* schema = command->add_option("--schema", arguments->schema, "Write the JSON schema of a config to this file")->type_name("FILE");
    command->footer(
        "Examples:\n"
        "  alkali train examples/lithium/train.yaml -o out/nequip\n"
        "  alkali train train.yaml -o out/nequip --restart\n"
        "  alkali train train.yaml -o out/committee --committee 4\n"
        "  mpirun -n 2 alkali train train.yaml -o out/nequip\n"
        "  alkali train --keys");
    command->callback([=, &context] {
        if (arguments->keys) {
            fmt::print("{}", config::help_text(training::training_options(models::model_kinds())));
            return;
        }
        if (schema->count() > 0) {
            base::write_file(arguments->schema,
                             config::json_schema(training::training_options(models::model_kinds()), "alkali train").dump(2) + "\n");
            return;
        }
        if (config->count() == 0) throw CLI::RequiredError("config");
        if (output->count() == 0) arguments->output = arguments->config.stem();
        run_train(*arguments, context);
    });
}

}  // namespace alkali::app
