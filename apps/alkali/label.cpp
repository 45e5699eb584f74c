#include "label.hpp"

namespace alkali::app {

void add_label(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("label", "Labels of structures by density-functional theory (Quantum ESPRESSO)");
    command->require_subcommand(1);
    // One line per subcommand.
    add_label_converge(*command, context);
    add_label_pseudopotential(*command, context);
    add_label_run(*command, context);
    add_label_seeds(*command, context);
    add_label_task(*command, context);
}

}  // namespace alkali::app
