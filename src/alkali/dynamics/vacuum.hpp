#pragma once
#include <array>

#include "alkali/structure/structure.hpp"

namespace alkali::dynamics {

/// The thickest layer without an atom's centre along each repeating cell vector, measured between its faces, angstrom: of a slab the
/// vacuum, of a crystal the distance of its atomic planes. Zero along vectors that do not repeat.
[[nodiscard]] std::array<double, 3> empty_layers(const structure::Structure& structure);

/// The cell vectors across which no atom feels another: nothing holds their lengths. An empty layer counts as vacuum from the
/// interaction's reach on (angstrom; 0: unknown), and from 8 angstrom on in any case: no crystal's planes lie that far apart.
[[nodiscard]] std::array<bool, 3> vacuum_directions(const structure::Structure& structure, double reach);

}  // namespace alkali::dynamics
