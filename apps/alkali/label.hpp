#pragma once
#include "command.hpp"

namespace alkali::app {

// Subcommands of `alkali label`, each in a file label_NAME.cpp.
void add_label_converge(CLI::App& label, Context& context);
void add_label_pseudopotential(CLI::App& label, Context& context);
void add_label_run(CLI::App& label, Context& context);
void add_label_seeds(CLI::App& label, Context& context);
void add_label_task(CLI::App& label, Context& context);

}  // namespace alkali::app
