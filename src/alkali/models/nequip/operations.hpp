#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "alkali/models/nequip/architecture.hpp"

namespace alkali::models::nequip {

/// Floating-point operations (a multiply-add is two) that energies and edge gradients of `atoms` atoms with `edges` edges need
/// by the model's formulas, by part (contract/parts.hpp): true channels without padding; maps of the first layer's constant
/// features, geometry and the sums over edge gradients are not counted, nothing is counted twice. Derivation: docs/performance.md.
[[nodiscard]] std::vector<std::pair<std::string, double>> operations(const Architecture& architecture, std::int64_t atoms,
                                                                     std::int64_t edges);

}  // namespace alkali::models::nequip
