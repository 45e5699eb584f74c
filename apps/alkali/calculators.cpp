#include "command.hpp"

namespace alkali::app {

calculator::Registry make_calculators() {
    calculator::Registry registry;
    return registry;
}

}  // namespace alkali::app
