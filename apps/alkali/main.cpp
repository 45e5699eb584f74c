#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "alkali/base/nearest.hpp"
#include "command.hpp"
#include "failure.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "threads.hpp"
#include "version.hpp"

namespace {

constexpr int failed = 1, wrong_usage = 2;

void set_up_log() {
    auto logger = spdlog::stderr_color_mt("alkali");
    logger->set_pattern("%^%l%$: %v");
    spdlog::set_default_logger(std::move(logger));
}

/// What to say of a word in the place of a command that is none; empty if the commands are right.
std::string unknown_command(const CLI::App& app, std::span<char*> words) {
    const CLI::App* at = &app;
    for (const std::string word : words) {
        if (word.starts_with('-')) {
            const auto option = word.substr(0, word.find('='));
            if (at->get_option_no_throw(option) == nullptr)
                return at == &app
                           ? fmt::format("there is no option {} before the command; those of a command stand behind its name", option)
                           : std::string();
            continue;
        }
        std::vector<std::string> names;
        const CLI::App* next = nullptr;
        for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
            names.push_back(command->get_name());
            if (command->get_name() == word) next = command;
        }
        if (names.empty()) return {};
        if (next == nullptr) {
            const auto meant = alkali::base::did_you_mean(word, names);
            return fmt::format("unknown command '{}'; {}", word,
                               meant.empty() ? "there are " + fmt::format("{}", fmt::join(names, ", ")) : meant);
        }
        at = next;
    }
    return {};
}

/// The exit status of a failure, which is told.
int fail(alkali::app::TerminalProgress& progress, const std::string& message) {
    progress.finish();
    alkali::app::say("alkali: " + message + "\n");
    return failed;
}

/// The exit status of what CLI11 ends parsing with: help or version that was asked for, or a wrong word.
int end_of_parsing(const CLI::App& app, const CLI::ParseError& end, std::span<char*> words) {
    std::ostringstream out, errors;
    const int status = app.exit(end, out, errors);
    if (status == 0) {
        alkali::app::write_out(out.str());
        return 0;
    }
    const auto unknown = unknown_command(app, words);
    alkali::app::say(unknown.empty() ? errors.str() : fmt::format("alkali: {}\nRun with --help for more information.\n", unknown));
    return wrong_usage;
}

}  // namespace

int main(int argc, char** argv) {
    alkali::app::let_waiting_threads_sleep(argv);
    alkali::app::prepare_streams();
    set_up_log();
    alkali::app::TerminalLog log;
    alkali::app::TerminalProgress progress;
    const auto calculators = alkali::app::make_calculators();
    alkali::app::CommandPaths paths;
    alkali::app::Context context{log, progress, calculators, paths};

    CLI::App app{"alkali: from DFT labels of a metal to a trusted machine-learned potential to its properties"};
    app.name("alkali");
    app.set_version_flag("--version", alkali::app::version);
    app.require_subcommand(1);
    bool verbose = false;
    app.add_flag("-v,--verbose", verbose, "Say more");
    app.parse_complete_callback([&] {  // before the command begins
        alkali::app::check_threads_of_environment();
        if (verbose) spdlog::set_level(spdlog::level::debug);
        paths.refuse_inputs_as_outputs();
        if (paths.writes_to_standard_output()) alkali::app::leave_standard_output();
    });
    alkali::app::add_commands(app, context);
    alkali::app::check_numbers(app);
    int status = 0;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& end) {
        progress.finish();
        status = end_of_parsing(app, end, std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    } catch (const std::exception& error) {
        status = fail(progress, alkali::app::message_of(error, paths.words()));
    }
    if (const auto failure = alkali::app::output_failure(); !failure.empty())
        status = std::max(status, fail(progress, "standard output: the results cannot be written (" + failure +
                                                     "); is the disk full, or has its reader gone?"));
    return status;
}
