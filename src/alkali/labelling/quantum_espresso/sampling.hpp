#pragma once
#include <array>
#include <optional>

#include "alkali/labelling/quantum_espresso/settings.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::labelling::qe {

using Mesh = std::array<int, 3>;

/// k-points along each reciprocal vector, Gamma-centred: as given, or ceil(|b_i| / k_spacing) with |b_i| = 1 / height; one
/// along open directions and across a vacuum (a gap without atoms wider than Physics::vacuum). Errors: InputError for more points
/// than can be counted.
[[nodiscard]] Mesh k_mesh(const structure::Structure& structure, const Physics& physics);

/// The mesh that a frame asks for itself: `k_mesh` ("8 8 8") of its info. On a frame labelled at another level of theory
/// (`level` of its info) it tells of that label and asks for nothing. Errors: InputError naming the frame.
[[nodiscard]] std::optional<Mesh> asked_mesh(const structure::Frame& frame, const std::string& level);

/// Widest empty slice between atoms along each cell vector, measured normal to the other two, angstrom.
[[nodiscard]] Vec3 gaps(const structure::Structure& structure);

/// Smallest product of powers of 2, 3 and 5 that is at least n: what FFT libraries like.
[[nodiscard]] int good_fft_size(int n);

/// FFT grid that holds all plane waves below the density cutoff `ecut` (Ry) for cells up to `stretch` times as long.
/// Errors: InputError for a grid of more points than can be counted.
[[nodiscard]] Mesh fft_grid(const structure::Cell& cell, double ecut, double stretch = 1);

/// k-mesh and FFT grids (dense, smooth) of a reference, held along a series.
class HeldSampling {
public:
    HeldSampling(const structure::Structure& reference, const Physics& physics);
    struct Sampling {
        Mesh mesh{}, dense{}, smooth{};
    };
    /// As it is for cells like the reference (edges within a quarter, and the grid still large enough); for others, such as
    /// supercells of it, in proportion to the edges, with one k-point along open directions and across a vacuum.
    [[nodiscard]] Sampling sampling(const structure::Structure& structure) const;

private:
    Physics physics_;
    structure::Cell cell_;
    Sampling reference_;
};

}  // namespace alkali::labelling::qe
