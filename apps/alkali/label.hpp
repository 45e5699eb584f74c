#pragma once
#include "command.hpp"

namespace alkali::app {

// The subcommands of `alkali label`, one file each.
void add_label_run(CLI::App& label, Context& context);
void add_label_task(CLI::App& label, Context& context);

}  // namespace alkali::app
