#pragma once
#include <span>
#include <vector>

#include "alkali/models/deep_potential/architecture.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::models::deep_potential {

/// Most neighbours of each type within rcut of any atom of the frames, times `margin`, rounded up to a multiple of 4.
[[nodiscard]] std::vector<int> automatic_sel(std::span<const structure::Frame> frames, const std::vector<std::string>& type_names,
                                             double rcut, double margin);

/// Fills davg and dstd (types, types, 4) as DeePMD-kit does: over all atoms of a centre type and all `sel` places, empty ones
/// counted with zero; deviations of at least 0.01; 0.1 for a type without atoms. Angular means are zero.
void environment_statistics(const Architecture& architecture, std::span<const structure::Frame> frames, std::span<double> parameters);

}  // namespace alkali::models::deep_potential
