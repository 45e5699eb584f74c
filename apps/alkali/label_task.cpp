#include <fmt/format.h>

#include "alkali/labelling/task.hpp"
#include "interrupt.hpp"
#include "label.hpp"
#include "labellers.hpp"
#include "number_options.hpp"
#include "output.hpp"

namespace alkali::app {
namespace {

struct TaskArguments {
    std::filesystem::path config;
    labelling::TaskRequest request;
};

void run_task(TaskArguments arguments, Context& context) {
    const auto settings = labelling::load_run(arguments.config, labeller_kinds(), context.log);
    arguments.request.stop = &catch_interrupts();
    const auto outcome = labelling::run_task(settings, arguments.request);
    using Result = labelling::OneLabel::Result;
    switch (outcome.result) {
        case Result::labelled: print_out("labelled\n"); break;
        case Result::taken:
            print_out("another process labels this structure at the moment{}\n", outcome.waiting ? ": " + outcome.waiting->text : "");
            break;
        case Result::failed:
            throw ExternalProgramError(outcome.failure->what + " (" + to_string(outcome.failure->fault) + ")", {}, outcome.failure->hint);
        case Result::stopped: throw Error("stopped before there was a label");
    }
}

}  // namespace

void add_label_task(CLI::App& label, Context& context) {
    auto arguments = std::make_shared<TaskArguments>();
    auto* command = label.add_subcommand("task", "Labels one entry of a job list: what the jobs of a batch system run");
    command->group("");  // not for people's hands, so not in the list of commands
    command->add_option("config", arguments->config, "The config of `alkali label run`")->required()->type_name("CONFIG");
    command->add_option("--list", arguments->request.list, "Job list, STORE.jobs/NAME.json")->required()->type_name("FILE");
    command->add_option("--index", arguments->request.index, "Number of the entry, from 0")->required()->type_name(count);
    command->add_option("--owner", arguments->request.owner, "Name of the job in the batch system")->type_name("NAME");
    command->footer("Examples:\n  alkali label task label.yaml --list labels.sqlite.jobs/alkali-0123456789ab.json --index 3");
    command->callback([arguments, &context] { run_task(*arguments, context); });
}

}  // namespace alkali::app
