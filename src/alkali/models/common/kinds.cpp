#include "alkali/models/common/registry.hpp"

namespace alkali::models {

// One line per kind.
KindRegistry model_kinds() {
    KindRegistry registry;
    return registry;
}

}  // namespace alkali::models
