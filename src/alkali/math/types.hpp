#pragma once
#include <Eigen/Core>
#include <array>

namespace alkali {

/// Positions, forces, edge vectors.
using Vec3 = Eigen::Vector3d;
/// Cell vectors (as rows, like ASE), strains, stresses.
using Mat3 = Eigen::Matrix3d;
/// Symmetric tensor in Voigt order xx yy zz yz xz xy (the order of ASE and of extended XYZ).
using Voigt = std::array<double, 6>;

/// Voigt components of a stress-like symmetric tensor (no factor 2 off the diagonal). The tensor is symmetrised.
[[nodiscard]] inline Voigt to_voigt(const Mat3& m) {
    return {m(0, 0), m(1, 1), m(2, 2), 0.5 * (m(1, 2) + m(2, 1)), 0.5 * (m(0, 2) + m(2, 0)), 0.5 * (m(0, 1) + m(1, 0))};
}
[[nodiscard]] inline Mat3 from_voigt(const Voigt& v) {
    Mat3 m;
    m << v[0], v[5], v[4], v[5], v[1], v[3], v[4], v[3], v[2];
    return m;
}

}  // namespace alkali
