#include <fmt/format.h>
#include <omp.h>

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/lock.hpp"
#include "alkali/base/process.hpp"
#include "alkali/config/config.hpp"
#include "alkali/config/json.hpp"
#include "alkali/config/write.hpp"
#include "alkali/models/committee/distinct.hpp"
#include "alkali/training/deepmd_input.hpp"
#include "alkali/training/run_folder.hpp"
#include "alkali/training/session.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "mpi.hpp"
#include "number_options.hpp"
#include "output.hpp"
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

std::string unit_of(const std::string& figure) {
    return figure.starts_with("energy") ? "meV/atom" : figure.starts_with("force") ? "meV/angstrom" : "GPa";
}

/// The errors are those of best.safetensors.
void say(const training::Outcome& outcome, const std::filesystem::path& folder, bool init_only) {
    if (init_only) {
        print_out("{}\n", (folder / "init.safetensors").string());
        return;
    }
    print_out("{} after {} epochs, {} steps; best: epoch {}\n", outcome.reason, outcome.epochs, outcome.steps, outcome.best_epoch);
    const auto figures = training::figures(outcome.best);
    const std::string frames = outcome.validated_frames < outcome.validation_frames
                                   ? fmt::format(" ({} of {} frames)", outcome.validated_frames, outcome.validation_frames)
                                   : std::string();
    for (const auto& [name, value] : figures.items())
        if (name.ends_with("_rmse"))
            print_out("{} {}: {:.4g} {}{}\n", outcome.validation_frames > 0 ? "validation" : "training", name, value.get<double>(),
                      unit_of(name), frames);
    print_out("{}\n", (folder / "best.safetensors").string());
}

/// Progress of one member as that of the whole committee.
class OfCommittee final : public base::ProgressSink {
public:
    OfCommittee(base::ProgressSink& whole, int members) : whole_(whole), members_(members) {}
    void member(int number) { number_ = number; }
    void update(const base::Progress& progress) override {
        const double share = progress.total > 0 ? progress.done / progress.total : 0;
        const std::string detail = fmt::format("member {} of {}, {}", number_, members_, progress.detail);
        whole_.update({progress.task, number_ - 1 + share, static_cast<double>(members_), detail});
    }

private:
    base::ProgressSink& whole_;
    int members_, number_ = 1;
};

/// What a time limit in the config means to the members.
void tell_limits(const TrainArguments& arguments, const nlohmann::json& values, base::LogSink& log) {
    const auto settings = training::trainer_settings(values);
    const auto tell = [&](double seconds, const char* key) {
        if (seconds > 0)
            log.info(fmt::format("training.{}: {:g} s for each of the {} members, {:g} s for the committee", key, seconds,
                                 arguments.committee, seconds * arguments.committee));
    };
    tell(settings.max_seconds, "max_seconds");
    tell(settings.max_cpu_seconds, "max_cpu_seconds");
}

/// Of those that a person allows as many are taken as train fastest.
training::TrainingThreads threads_of(const TrainArguments& arguments) {
    if (arguments.threads > 0) omp_set_num_threads(arguments.threads);
    return training::TrainingThreads::chosen;
}

std::filesystem::path member_folder(const TrainArguments& arguments, int member) {
    return arguments.output / fmt::format("member_{}", member + 1);
}

/// What would stop a later member is told before the first is trained; once the folders are held, `require_free_members` tells the rest.
void prepare_committee(const TrainArguments& arguments, const models::KindRegistry& kinds, Context& context) {
    base::NullSink unheard;
    const auto config = config::check(training::read_training_document(arguments.config, unheard), training::training_options(kinds),
                                      arguments.config.string(), unheard);
    training::add_inputs(context.paths.inputs(), arguments.config, config.values);
    for (int m = 0; m < arguments.committee; ++m) training::RunFolder::refuse_inputs(member_folder(arguments, m));
    static_cast<void>(training::seed_of_member(config, static_cast<std::uint64_t>(arguments.committee - 1)));
    if (!arguments.init_only) tell_limits(arguments, config.values, context.log);
}

void require_free_members(const TrainArguments& arguments, training::SessionRequest request) {
    for (int m = 0; m < arguments.committee; ++m) {
        request.output = member_folder(arguments, m);
        training::require_free_folder(request);
    }
}

/// Of the first members, which are trained.
void require_distinct_members(const TrainArguments& arguments, int count, const models::KindRegistry& kinds) {
    std::vector<std::filesystem::path> files;
    for (int m = 0; m < count; ++m) files.push_back(member_folder(arguments, m) / "best.safetensors");
    models::require_distinct_models(files, kinds);
}

void run_train(const TrainArguments& arguments, Context& context) {
    const auto kinds = models::model_kinds();
    const auto communicator = open_communicator();
    const bool first = communicator->rank() == 0, committee = arguments.committee > 0;
    base::NullSink no_log;
    base::NullProgress no_progress;
    training::SessionRequest request{
        arguments.config, arguments.output,        arguments.restart,    arguments.init_only, arguments.overwrite, 0, 0,
        version,          command_line(arguments), threads_of(arguments)};
    const int members = std::max(1, arguments.committee);
    OfCommittee of_committee(context.progress, members);
    if (committee && first) prepare_committee(arguments, kinds, context);
    std::optional<base::FolderLock> whole;
    std::vector<base::FolderLock> of_members;
    if (committee && first) {
        whole.emplace(arguments.output, "training", context.log);
        for (int m = 0; m < members; ++m) of_members.emplace_back(member_folder(arguments, m), "training", context.log);
        require_free_members(arguments, request);
    }
    for (int m = 0; m < members; ++m) {
        if (committee) {
            request.output = member_folder(arguments, m);
            request.lock = first ? &of_members[static_cast<std::size_t>(m)] : nullptr;
            request.seed_offset = static_cast<std::uint64_t>(m);
            request.members = members;
            if (m > 0) request.cpu_before = base::process_cpu_seconds();
            if (first) context.log.info(fmt::format("member {} of {}", m + 1, members));
            of_committee.member(m + 1);
        }
        base::ProgressSink& progress = committee ? static_cast<base::ProgressSink&>(of_committee) : context.progress;
        const auto outcome = training::train(request, kinds, *communicator, first ? context.log : no_log, first ? progress : no_progress);
        if (first) say(outcome, request.output, arguments.init_only);
        // The second tells whether seeds make a difference, before more are trained.
        if (first && !arguments.init_only && (m == 1 || (m > 1 && m + 1 == members))) require_distinct_members(arguments, m + 1, kinds);
    }
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<TrainArguments>();
    auto* command = app.add_subcommand("train", "Fits a model to labelled frames");
    auto* config = context.paths.reads(command->add_option("config", arguments->config, "Training config (YAML)")->type_name("CONFIG"));
    auto* output =
        CommandPaths::named(
            command->add_option(
                "-o,--output", arguments->output,
                "Folder for best.safetensors, last.safetensors, metrics.csv, checkpoint/, config.yaml; default: named as the config"))
            ->type_name("DIR");
    auto* restart = command->add_flag("--restart", arguments->restart,
                                      "Go on from the checkpoint in the folder: ends with the model of an uninterrupted run");
    command->add_flag("--init-only", arguments->init_only, "Only write init.safetensors, the model before training")->excludes(restart);
    command->add_flag("--overwrite", arguments->overwrite, "Start anew in a folder that holds a run")->excludes(restart);
    command
        ->add_option("--committee", arguments->committee,
                     "Train N models from different seeds into member_1 ... member_N; limits of time and steps are for each")
        ->type_name(count)
        ->check(CLI::Range(1, 1000));
    add_threads_option(*command, arguments->threads);
    command->add_flag("--keys", arguments->keys, "Print every key of a config with meaning, default and other names");
    auto* schema = context.paths.writes(
        command->add_option("--schema", arguments->schema, "Write the JSON schema of a config to this file")->type_name("FILE"));
    command->footer(
        "Examples:\n"
        "  alkali train examples/lithium/reproduce.yaml -o out/nequip\n"
        "  alkali train train.yaml -o out/nequip --restart\n"
        "  alkali train train.yaml -o out/committee --committee 4\n"
        "  mpirun -n 2 alkali train train.yaml -o out/nequip\n"
        "  alkali train --keys");
    command->callback([=, &context] {
        if (arguments->keys) {
            print_out("{}", config::help_text(training::training_options(models::model_kinds())));
            return;
        }
        if (schema->count() > 0) {
            base::write_file(
                arguments->schema,
                config::json_text(config::json_schema(training::training_options(models::model_kinds()), "alkali train"), 2) + "\n");
            return;
        }
        if (config->count() == 0) throw CLI::RequiredError("config");
        if (output->count() == 0) arguments->output = arguments->config.stem();
        run_train(*arguments, context);
    });
}

}  // namespace alkali::app
