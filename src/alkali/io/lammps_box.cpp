#include <Eigen/Dense>
#include <cmath>

#include "alkali/io/lammps.hpp"

namespace alkali::io {
LammpsBox lammps_box(const structure::Structure& structure, Stretched stretched) {
    const auto [vectors, corner] = spanning_cell(structure, stretched);
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
