#pragma once
#include "alkali/models/common/registry.hpp"

namespace alkali::models::deep_potential {

[[nodiscard]] ModelKind deep_potential_kind();

}  // namespace alkali::models::deep_potential
