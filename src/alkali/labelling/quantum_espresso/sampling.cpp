#include "alkali/labelling/quantum_espresso/sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling::qe {
namespace {

// Cells of a series differ by strains of some per cent; the grid has room for that much from the start.
constexpr double series_stretch = 1.05;
constexpr double alike = 1.25;

bool one_point(const structure::Structure& structure, const Vec3& gap, int axis, double vacuum) {
    return !structure.cell.periodic()[static_cast<std::size_t>(axis)] || gap[axis] > vacuum;
}

/// A number of points, as far as it can be counted.
int whole(double points, const char* what, const char* hint) {
    constexpr double most = 1e9;
    if (!(points <= most))
        throw InputError(fmt::format("{} of {:.3g} points along an axis", what, points), "structure for Quantum ESPRESSO", hint);
    return static_cast<int>(points);
}

int mesh_points(double points) { return std::max(1, whole(std::ceil(points), "a k-mesh", "raise k_spacing")); }
int grid_points(double points) { return whole(std::ceil(points), "an FFT grid", "lower ecutwfc and ecutrho, or shorten the cell"); }

bool is_alike(double ratio) { return ratio < alike && ratio > 1 / alike; }

Mesh held_grid(const Mesh& reference, const structure::Cell& from, const structure::Cell& to, double ecut) {
    const Mesh needed = fft_grid(to, ecut);
    Mesh grid{};
    for (int i = 0; i < 3; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const double ratio = to.vector(i).norm() / from.vector(i).norm();
        const bool held = is_alike(ratio) && needed[k] <= reference[k];
        grid[k] = held ? reference[k] : good_fft_size(std::max(needed[k], grid_points(reference[k] * ratio - 1e-6)));
    }
    return grid;
}

}  // namespace

std::optional<Mesh> asked_mesh(const structure::Frame& frame, const std::string& level) {
    const auto asked = frame.info.find("k_mesh"), labelled_at = frame.info.find("level");
    if (asked == frame.info.end() || (labelled_at != frame.info.end() && labelled_at->second != level)) return std::nullopt;
    Mesh mesh{};
    std::istringstream stream(asked->second);
    std::string rest;
    if (!(stream >> mesh[0] >> mesh[1] >> mesh[2]) || stream >> rest || std::ranges::min(mesh) < 1)
        throw InputError("'" + asked->second + "' is not a k-mesh", frame.where(), "k_mesh=\"8 8 8\", or leave it out");
    return mesh;
}

Vec3 gaps(const structure::Structure& structure) {
    const Vec3 heights = structure.cell.heights();
    Vec3 widest;
    for (int axis = 0; axis < 3; ++axis) {
        std::vector<double> at;
        for (const auto& position : structure.positions) {
            const double f = structure.cell.to_fractional(position)[axis];
            at.push_back(f - std::floor(f));
        }
        std::sort(at.begin(), at.end());
        double gap = at.empty() ? 1 : at.front() + 1 - at.back();
        for (std::size_t i = 1; i < at.size(); ++i) gap = std::max(gap, at[i] - at[i - 1]);
        widest[axis] = gap * heights[axis];
    }
    return widest;
}

Mesh k_mesh(const structure::Structure& structure, const Physics& physics) {
    const Vec3 gap = gaps(structure), heights = structure.cell.heights();
    Mesh mesh = physics.k_mesh;
    for (int i = 0; i < 3; ++i) {
        auto& n = mesh[static_cast<std::size_t>(i)];
        if (one_point(structure, gap, i, physics.vacuum))
            n = 1;
        else if (physics.k_spacing > 0)
            n = mesh_points(1 / (heights[i] * physics.k_spacing) - 1e-6);
    }
    return mesh;
}

int good_fft_size(int n) {
    for (n = std::max(n, 1);; ++n) {
        int rest = n;
        for (const int factor : {2, 3, 5})
            while (rest % factor == 0) rest /= factor;
        if (rest == 1) return n;
    }
}

// |G| <= sqrt(ecut) needs indices up to sqrt(ecut) |a_i| / 2 pi on either side.
Mesh fft_grid(const structure::Cell& cell, double ecut, double stretch) {
    Mesh grid{};
    for (int i = 0; i < 3; ++i) {
        const double index = std::sqrt(ecut) * stretch * cell.vector(i).norm() / units::bohr / (2 * std::numbers::pi);
        grid[static_cast<std::size_t>(i)] = good_fft_size(grid_points(2 * std::floor(index) + 1));
    }
    return grid;
}

HeldSampling::HeldSampling(const structure::Structure& reference, const Physics& physics)
    : physics_(physics),
      cell_(reference.cell),
      reference_{k_mesh(reference, physics), fft_grid(reference.cell, physics.ecutrho, series_stretch),
                 fft_grid(reference.cell, 4 * physics.ecutwfc, series_stretch)} {}

HeldSampling::Sampling HeldSampling::sampling(const structure::Structure& structure) const {
    Sampling s;
    s.dense = held_grid(reference_.dense, cell_, structure.cell, physics_.ecutrho);
    s.smooth =
        physics_.ecutrho > 4 * physics_.ecutwfc ? held_grid(reference_.smooth, cell_, structure.cell, 4 * physics_.ecutwfc) : s.dense;
    const Vec3 from = cell_.heights(), to = structure.cell.heights(), gap = gaps(structure);
    for (int i = 0; i < 3; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const double ratio = from[i] / to[i];
        const bool held = is_alike(ratio) && structure.cell.periodic()[k];
        const bool one = one_point(structure, gap, i, physics_.vacuum);
        s.mesh[k] = held ? reference_.mesh[k] : one ? 1 : mesh_points(reference_.mesh[k] * ratio - 0.05);
    }
    return s;
}

}  // namespace alkali::labelling::qe
