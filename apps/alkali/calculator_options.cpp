#include "calculator_options.hpp"

namespace alkali::app {

void add_threads_option(CLI::App& command, int& threads) {
    command.add_option("--threads", threads, "Threads; default: as many as are fastest, up to all")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
}

void add_open_options(CLI::App& command, calculator::OpenOptions& options) {
    command.add_option("--precision", options.precision, "float32, mixed or float64; default: as the model says");
    add_threads_option(command, options.threads);
}

}  // namespace alkali::app
