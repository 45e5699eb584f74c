#pragma once
#include "alkali/base/profile.hpp"
#include "alkali/models/contract/graph.hpp"
#include "alkali/models/deep_potential/architecture.hpp"

namespace alkali::models::deep_potential {

/// Operations that the formulas need for energies and edge gradients of a graph, with embedding functions from tables (a cubic
/// polynomial per channel), each symmetric product once.
void count_operations(const Architecture& architecture, const Graph& graph, base::Profile& profile);

}  // namespace alkali::models::deep_potential
