#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "alkali/io/lammps.hpp"

namespace alkali::io {
namespace {

// Room around the atoms (angstrom) in directions that have no cell vector.
constexpr double margin = 1.0;

// The completed cell with its missing vectors stretched over the atoms, and its corner.
Mat3 spanning_cell(const structure::Structure& structure, Vec3& corner) {
    Mat3 vectors = structure.cell.completed();
    const Mat3 to_fractional = vectors.transpose().inverse();
    corner = Vec3::Zero();
    const Mat3 unit = vectors;
    for (int i = 0; i < 3; ++i) {
        if (!structure.cell.vector(i).isZero(0) || structure.size() == 0) continue;
        double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
        for (const auto& position : structure.positions) {
            const double f = to_fractional.row(i).dot(position);
            low = std::min(low, f);
            high = std::max(high, f);
        }
        corner += (low - margin) * unit.row(i).transpose();
        vectors.row(i) = (high - low + 2 * margin) * unit.row(i);
    }
    return vectors;
}

}  // namespace

LammpsBox lammps_box(const structure::Structure& structure) {
    Vec3 corner;
    const Mat3 vectors = spanning_cell(structure, corner);
    const Vec3 a = vectors.row(0).transpose(), b = vectors.row(1).transpose(), c = vectors.row(2).transpose();
    const Vec3 x = a.normalized();
    const Vec3 y = (b - b.dot(x) * x).normalized();
    const Vec3 z = (c - c.dot(x) * x - c.dot(y) * y).normalized();
    LammpsBox box;
    box.rotation.row(0) = x.transpose();
    box.rotation.row(1) = y.transpose();
    box.rotation.row(2) = z.transpose();
    box.vectors = (vectors * box.rotation.transpose()).triangularView<Eigen::Lower>();
    box.origin = box.rotation * corner;
    // Older LAMMPS refuses tilts of more than half an edge; subtracting whole periodic vectors leaves the lattice as it is.
    const auto reduce = [&](int row, int by) {
        if (!structure.cell.periodic()[static_cast<std::size_t>(by)] || !structure.cell.periodic()[static_cast<std::size_t>(row)]) return;
        const double tilt = box.vectors(row, by) / box.vectors(by, by);
        if (std::abs(tilt) > 0.5 + 1e-9) box.vectors.row(row) -= std::round(tilt) * box.vectors.row(by);
    };
    reduce(1, 0);
    reduce(2, 1);
    reduce(2, 0);
    return box;
}

}  // namespace alkali::io
