#include "alkali/models/common/registry.hpp"
#include "alkali/models/nequip/kind.hpp"

namespace alkali::models {

// One line per kind.
KindRegistry model_kinds() {
    KindRegistry registry;
    registry.add(nequip::nequip_kind());
    return registry;
}

}  // namespace alkali::models
