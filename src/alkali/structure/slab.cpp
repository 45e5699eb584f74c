#include "alkali/structure/slab.hpp"

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <cmath>
#include <numeric>
#include <utility>

#include "alkali/base/error.hpp"

namespace alkali::structure {
namespace {

using Indices = Eigen::Matrix<long, 3, 1>;

/// The plane's indices along the crystal's own lattice vectors, without common factor.
Indices own_indices(const Structure& crystal, const Mat3& axes, const std::array<int, 3>& miller) {
    if (miller == std::array{0, 0, 0}) throw InputError("Miller indices 0 0 0 name no plane");
    const Mat3& own = crystal.cell.vectors();
    const Mat3 multiples = axes * own.inverse(), whole = multiples.array().round();
    const double cells = whole.determinant();
    if (cells == 0 || (multiples - whole).cwiseAbs().maxCoeff() > 1e-6)
        throw InputError("the Miller axes are not lattice vectors of the crystal", {}, "give the conventional cell of the same crystal");
    // miller = whole * indices, so indices times the determinant are integers.
    const Vec3 scaled = std::abs(cells) * (whole.inverse() * Vec3(miller[0], miller[1], miller[2]));
    const Indices indices = scaled.array().round().cast<long>();
    return indices / std::gcd(std::gcd(indices[0], indices[1]), indices[2]);
}

/// x and y with a x + b y = gcd(a, b).
std::array<long, 2> bezout(long a, long b) {
    long x = 1, y = 0, next_x = 0, next_y = 1;
    while (b != 0) {
        const long q = a / b;
        a = std::exchange(b, a - q * b);
        x = std::exchange(next_x, x - q * next_x);
        y = std::exchange(next_y, y - q * next_y);
    }
    return a < 0 ? std::array{-x, -y} : std::array{x, y};
}

/// Rows: two integer vectors that span the lattice of the plane h.n = 0, and one with h.n = 1.
std::array<Indices, 3> plane_basis(const Indices& h) {
    const long g = std::gcd(h[0], h[1]);
    if (g == 0) {
        const long sign = h[2] < 0 ? -1 : 1;
        return {Indices(1, 0, 0), Indices(0, 1, 0), Indices(0, 0, sign)};
    }
    const auto [p, q] = bezout(h[0], h[1]);  // p h0 + q h1 = g
    const auto [u, v] = bezout(g, h[2]);     // u g + v h2 = 1
    const Indices first(h[1] / g, -h[0] / g, 0);
    const Indices second(-h[2] * p, -h[2] * q, g);
    return {first, second, Indices(u * p, u * q, v)};
}

/// The surface cell of a crystal: in-plane vectors, and the step from one plane to the next.
struct SurfaceCell {
    Vec3 a, b, step, normal;
    double spacing = 0;
    Mat3 turn;  ///< to axes with a along x and the normal along z
};

SurfaceCell surface_cell(const Structure& crystal, const Mat3& axes, const std::array<int, 3>& miller) {
    if (!crystal.cell.fully_periodic()) throw InputError("a slab is cut from a fully periodic crystal");
    const auto basis = plane_basis(own_indices(crystal, axes, miller));
    const auto vector = [&](const Indices& n) { return Vec3(crystal.cell.vectors().transpose() * n.cast<double>()); };
    SurfaceCell cell{vector(basis[0]), vector(basis[1]), vector(basis[2]), {}, 0, {}};
    // Lagrange's reduction: the shortest pair.
    if (cell.a.squaredNorm() > cell.b.squaredNorm()) std::swap(cell.a, cell.b);
    for (;;) {
        cell.b -= std::round(cell.a.dot(cell.b) / cell.a.squaredNorm()) * cell.a;
        if (cell.b.squaredNorm() > cell.a.squaredNorm() * (1 - 1e-9)) break;
        std::swap(cell.a, cell.b);
    }
    cell.normal = cell.a.cross(cell.b).normalized();
    if (cell.normal.dot(cell.step) < 0) {
        cell.b = -cell.b;
        cell.normal = -cell.normal;
    }
    cell.spacing = cell.normal.dot(cell.step);
    cell.turn.row(0) = cell.a.normalized();
    cell.turn.row(1) = cell.normal.cross(cell.a.normalized());
    cell.turn.row(2) = cell.normal;
    return cell;
}

void check(const SlabShape& shape) {
    if (shape.layers < 1 || shape.repeat[0] < 1 || shape.repeat[1] < 1) throw InputError("layers and repeats of a slab must be at least 1");
    if (!(shape.vacuum >= 0) || !std::isfinite(shape.vacuum)) throw InputError("the vacuum of a slab must not be negative");
}

/// Planes [begin, end), turned, with the lowest atom of plane 0 at z = 0.
Structure planes(const Structure& crystal, const Mat3& axes, const SlabShape& shape, int begin, int end) {
    check(shape);
    const SurfaceCell surface = surface_cell(crystal, axes, shape.miller);
    double low = 0;
    for (std::size_t i = 0; i < crystal.size(); ++i) {
        const double z = surface.normal.dot(crystal.positions[i]);
        if (i == 0 || z < low) low = z;
    }
    // Each atom of the basis in the plane of its own height: [0, spacing) above the lowest one.
    std::vector<Vec3> basis;
    for (const Vec3& r : crystal.positions) {
        const double planes_up = std::floor((surface.normal.dot(r) - low) / surface.spacing + 1e-9);
        basis.push_back(r - low * surface.normal - planes_up * surface.step);
    }
    const Vec3 a = surface.turn * surface.a, b = surface.turn * surface.b;
    Mat3 vectors;
    vectors.row(0) = shape.repeat[0] * a;
    vectors.row(1) = shape.repeat[1] * b;
    double thickness = 0;
    for (const Vec3& r : basis) thickness = std::max(thickness, surface.normal.dot(r) + (shape.layers - 1) * surface.spacing);
    vectors.row(2) = Vec3(0, 0, thickness + shape.vacuum);
    Structure result;
    result.cell = Cell(vectors, {true, true, false});
    for (int layer = begin; layer < end; ++layer)
        for (int i = 0; i < shape.repeat[0]; ++i)
            for (int j = 0; j < shape.repeat[1]; ++j)
                for (std::size_t k = 0; k < basis.size(); ++k)
                    result.add(crystal.numbers[k], result.cell.wrap(surface.turn * (basis[k] + layer * surface.step) + i * a + j * b));
    return result;
}

}  // namespace

Structure slab(const Structure& crystal, const Mat3& axes, const SlabShape& shape) { return planes(crystal, axes, shape, 0, shape.layers); }

Structure next_layer(const Structure& crystal, const Mat3& axes, const SlabShape& shape) {
    return planes(crystal, axes, shape, shape.layers, shape.layers + 1);
}

}  // namespace alkali::structure
