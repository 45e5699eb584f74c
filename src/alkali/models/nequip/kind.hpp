#pragma once
#include "alkali/models/common/registry.hpp"

namespace alkali::models::nequip {

/// NequIP for the registry of models.
[[nodiscard]] ModelKind nequip_kind();

}  // namespace alkali::models::nequip
