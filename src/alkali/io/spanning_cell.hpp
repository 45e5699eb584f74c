#pragma once
#include "alkali/structure/frame.hpp"

namespace alkali::io {

/// Which vectors of open directions are to span the atoms: those that are not there or stand for none (no length, no direction of their
/// own), or also those that leave no room between the atoms and their images, in formats whose cells repeat in all directions.
enum class Stretched { missing, missing_and_short };

/// A cell that holds the atoms, and its corner.
struct SpanningCell {
    Mat3 vectors;
    Vec3 corner;
};
[[nodiscard]] SpanningCell spanning_cell(const structure::Structure& structure, Stretched stretched);

}  // namespace alkali::io
