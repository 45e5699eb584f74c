#include "alkali/models/common/registry.hpp"
#include "alkali/models/deep_potential/kind.hpp"
#include "alkali/models/nequip/kind.hpp"

namespace alkali::models {

// One line per kind.
KindRegistry model_kinds() {
    KindRegistry registry;
    registry.add(nequip::nequip_kind());
    registry.add(deep_potential::deep_potential_kind());
    return registry;
}

}  // namespace alkali::models
