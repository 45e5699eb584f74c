#pragma once
#include <array>

#include "alkali/structure/structure.hpp"

namespace alkali::structure {

/// A slab of a crystal with two faces (hkl): how it is cut.
struct SlabShape {
    std::array<int, 3> miller{1, 0, 0};  ///< with respect to the axes of `axes` in slab(); common factors do not matter
    int layers = 1;                      ///< thickness in lattice planes, each with one copy of the crystal's basis
    std::array<int, 2> repeat{1, 1};     ///< of the smallest surface cell
    double vacuum = 12;                  ///< angstrom between the faces, along the normal
};

/// A slab of `crystal` (primitive or not, fully periodic) with faces (hkl), the indices counted along the conventional axes
/// `axes` (rows; any multiple of them, lattice vectors of the crystal). Periodic in its first two vectors, which are the
/// shortest pair of the plane's lattice; open in the third, which is its normal, up. Atoms lie between 0 and the
/// thickness, bottom layer first; the distance between neighbouring planes is 1/|h b1 + k b2 + l b3| of the crystal's lattice.
/// Errors: InputError for indices that are all zero, layers or repeats below 1, negative vacuum, or a crystal that is not periodic.
[[nodiscard]] Structure slab(const Structure& crystal, const Mat3& axes, const SlabShape& shape);

/// Sites of the lattice that would carry the layer next to the top face, (cells of the face) x (basis), bottom first.
[[nodiscard]] Structure next_layer(const Structure& crystal, const Mat3& axes, const SlabShape& shape);

}  // namespace alkali::structure
