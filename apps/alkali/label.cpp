#include "label.hpp"

namespace alkali::app {

void add_label(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("label", "Labels structures by DFT: energies, forces and stresses");
    command->require_subcommand(1);
    add_label_run(*command, context);
    add_label_task(*command, context);
}

}  // namespace alkali::app
