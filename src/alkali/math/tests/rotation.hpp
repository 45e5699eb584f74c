#pragma once
#include <Eigen/Dense>
#include <Eigen/Geometry>

#include "alkali/base/random.hpp"
#include "alkali/math/spherical_harmonics.hpp"

namespace alkali::math::testing {

inline Vec3 random_direction(base::Random& random) { return Vec3(random.normal(), random.normal(), random.normal()).normalized(); }

inline Mat3 random_rotation(base::Random& random) {
    return Eigen::Quaterniond(random.normal(), random.normal(), random.normal(), random.normal()).normalized().toRotationMatrix();
}

/// Y_l of a direction, one order.
inline Eigen::VectorXd harmonics(int l, const Vec3& direction) {
    const SphericalHarmonics all(l);
    std::vector<double> values(static_cast<std::size_t>(all.size()));
    all.evaluate(direction, values);
    return Eigen::Map<const Eigen::VectorXd>(values.data() + l * l, 2 * l + 1);
}

/// The matrix D with Y_l(R n) = D Y_l(n) for every n, by least squares over random directions.
inline Eigen::MatrixXd representation(int l, const Mat3& rotation) {
    base::Random random(17);
    const int samples = 4 * (2 * l + 1);
    Eigen::MatrixXd before(samples, 2 * l + 1), after(samples, 2 * l + 1);
    for (int k = 0; k < samples; ++k) {
        const Vec3 n = random_direction(random);
        before.row(k) = harmonics(l, n).transpose();
        after.row(k) = harmonics(l, rotation * n).transpose();
    }
    return before.colPivHouseholderQr().solve(after).transpose();
}

}  // namespace alkali::math::testing
