#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "alkali/structure/frame.hpp"

namespace alkali::dataset {

/// What tells a structure from others, in 88 bytes: lengths and products of its cell vectors and sums over its atoms of waves that
/// fit into the cell, one weight for each species. The same for structures turned as a whole, with atoms in another order or
/// moved by cell vectors.
struct Fingerprint {
    std::array<float, 6> cell{};
    std::array<float, 13> waves{};
    float tolerance = 0;  ///< of a wave's sum, where positions differ by rounding
    std::uint32_t atoms = 0;
    std::uint32_t periodic = 0;  ///< a bit for each direction
};
[[nodiscard]] Fingerprint fingerprint_of(const structure::Structure& atoms);

[[nodiscard]] std::vector<Fingerprint> fingerprints_of(std::span<const structure::Frame> frames);

/// The place of the first structure that each one is the same as (its own where there is none before it). Positions and cells
/// count as the same up to 2e-5 angstrom, so that files with five digits and with float32 compare equal to others.
[[nodiscard]] std::vector<std::size_t> first_of_the_same(std::span<const Fingerprint> structures);

}  // namespace alkali::dataset
