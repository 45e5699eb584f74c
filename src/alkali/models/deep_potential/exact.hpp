#pragma once
#include "alkali/models/contract/model.hpp"
#include "alkali/models/deep_potential/architecture.hpp"

namespace alkali::models::deep_potential {

/// Energies and edge gradients with the embedding nets themselves, in float64, formula by formula: what tables and fast kernels are
/// compared with. Slow: seconds for a thousand atoms.
void evaluate_exactly(const Architecture& architecture, std::span<const double> parameters, const Graph& graph, const Evaluation& out);

}  // namespace alkali::models::deep_potential
