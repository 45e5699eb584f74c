#pragma once
#include <CLI/CLI.hpp>

#include "alkali/base/log.hpp"
#include "alkali/calculator/registry.hpp"
#include "paths.hpp"

namespace alkali::app {

/// What every subcommand gets from main: where to say things, how to open calculators, whom to tell what it reads and writes.
struct Context {
    base::LogSink& log;
    base::ProgressSink& progress;
    const calculator::Registry& calculators;
    CommandPaths& paths;
};

// One function per subcommand, in a file of its own name. It declares options on the app and sets a callback that
// throws alkali::Error on failure; main turns errors into text and an exit status.
using AddCommand = void (*)(CLI::App& app, Context& context);

/// All subcommands (commands.cpp: one line each).
void add_commands(CLI::App& app, Context& context);
/// All kinds of calculators (calculators.cpp: one line each).
[[nodiscard]] calculator::Registry make_calculators();

}  // namespace alkali::app
