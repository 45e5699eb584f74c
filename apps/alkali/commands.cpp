#include "command.hpp"

namespace alkali::app {

// One line per subcommand.
#define ALKALI_COMMANDS(X) \
    X(benchmark)           \
    X(calibrate)           \
    X(data)                \
    X(doctor)              \
    X(evaluate)            \
    X(import)              \
    X(info)                \
    X(label)               \
    X(precision)           \
    X(predict)             \
    X(properties)          \
    X(relax)               \
    X(report)              \
    X(train)

#define ALKALI_DECLARE(name) void add_##name(CLI::App& app, Context& context);
ALKALI_COMMANDS(ALKALI_DECLARE)

void add_commands(CLI::App& app, Context& context) {
#define ALKALI_ADD(name) add_##name(app, context);
    ALKALI_COMMANDS(ALKALI_ADD)
}

}  // namespace alkali::app
