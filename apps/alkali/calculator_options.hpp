#pragma once
#include <CLI/CLI.hpp>

#include "alkali/calculator/registry.hpp"

namespace alkali::app {

/// Refuses more threads than this machine bears, of one option or each of several.
[[nodiscard]] CLI::Validator thread_count(int least);
/// --threads of commands that take all by default.
void add_threads_option(CLI::App& command, int& threads);
/// The same and --precision.
void add_open_options(CLI::App& command, calculator::OpenOptions& options);

}  // namespace alkali::app
