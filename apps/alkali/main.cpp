#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "command.hpp"
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
        if (word.starts_with('-')) continue;
        std::vector<std::string> names;
        const CLI::App* next = nullptr;
        for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
            names.push_back(command->get_name());
            if (command->get_name() == word) next = command;
        }
        if (names.empty()) return {};
        if (next == nullptr) return fmt::format("unknown command '{}'; {}", word, alkali::base::did_you_mean(word, names));
        at = next;
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    alkali::app::let_waiting_threads_sleep(argv);
    set_up_log();
    alkali::app::TerminalLog log;
    alkali::app::TerminalProgress progress;
    const auto calculators = alkali::app::make_calculators();
    alkali::app::Context context{log, progress, calculators};

    CLI::App app{"alkali: from DFT labels of a metal to a trusted machine-learned potential to its properties"};
    app.name("alkali");
    app.set_version_flag("--version", alkali::app::version);
    app.require_subcommand(1);
    bool verbose = false;
    app.add_flag("-v,--verbose", verbose, "Say more");
    app.parse_complete_callback([&] {
        alkali::app::check_threads_of_environment();
        if (verbose) spdlog::set_level(spdlog::level::debug);
    });
    alkali::app::add_commands(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {  // --help, --version
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        progress.finish();
        if (const auto unknown = unknown_command(app, std::span(argv, static_cast<std::size_t>(argc)).subspan(1)); !unknown.empty())
            fmt::print(stderr, "alkali: {}\nRun with --help for more information.\n", unknown);
        else
            app.exit(error);
        return wrong_usage;
    } catch (const alkali::Error& error) {
        progress.finish();
        fmt::print(stderr, "alkali: {}\n", error.what());
        return failed;
    } catch (const std::bad_alloc&) {
        progress.finish();
        fmt::print(stderr, "alkali: out of memory; use a smaller batch or fewer atoms\n");
        return failed;
    } catch (const std::exception& error) {
        progress.finish();
        fmt::print(stderr, "alkali: unexpected failure: {}\n", error.what());
        return failed;
    }
    return 0;
}
