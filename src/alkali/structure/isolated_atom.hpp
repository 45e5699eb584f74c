#pragma once
#include "alkali/structure/structure.hpp"

namespace alkali::structure {

/// Whether a structure is one atom alone: no other atom, and none of its own images, within 8 angstrom. A lone atom in a small
/// periodic cell is a crystal.
[[nodiscard]] bool is_isolated_atom(const Structure& structure);

}  // namespace alkali::structure
