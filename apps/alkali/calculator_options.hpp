#pragma once
#include <CLI/CLI.hpp>

#include "alkali/calculator/registry.hpp"

namespace alkali::app {

/// --threads of commands that take all by default.
void add_threads_option(CLI::App& command, int& threads);
/// The same and --precision.
void add_open_options(CLI::App& command, calculator::OpenOptions& options);

}  // namespace alkali::app
