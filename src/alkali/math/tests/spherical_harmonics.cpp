#include "alkali/math/spherical_harmonics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "alkali/base/error.hpp"
#include "alkali/math/coupling.hpp"
#include "rotation.hpp"

namespace alkali::math::spherical_harmonics_tests {
namespace {

using testing::harmonics;
using testing::random_direction;

TEST(SphericalHarmonics, of_order_zero_to_three_are_the_known_polynomials) {
    base::Random random(1);
    for (int k = 0; k < 20; ++k) {
        const Vec3 n = random_direction(random);
        const double x = n[0], y = n[1], z = n[2];
        EXPECT_DOUBLE_EQ(harmonics(0, n)[0], 1.0);
        EXPECT_LT((harmonics(1, n) - std::sqrt(3.0) * n).norm(), 1e-14);
        Eigen::VectorXd two(5), three(7);
        const double a = std::sqrt(15.0);
        two << a * x * z, a * x * y, std::sqrt(5.0) * (y * y - 0.5 * (x * x + z * z)), a * y * z, 0.5 * a * (z * z - x * x);
        EXPECT_LT((harmonics(2, n) - two).norm(), 1e-13);
        const double b = std::sqrt(7.0), c = std::sqrt(42.0) / 4, d = std::sqrt(70.0) / 4, e = std::sqrt(105.0);
        three << d * x * (3 * z * z - x * x), e * x * y * z, c * x * (4 * y * y - x * x - z * z),
            0.5 * b * y * (2 * y * y - 3 * x * x - 3 * z * z), c * z * (4 * y * y - x * x - z * z), 0.5 * e * y * (z * z - x * x),
            d * z * (z * z - 3 * x * x);
        EXPECT_LT((harmonics(3, n) - three).norm(), 1e-13);
    }
}

TEST(SphericalHarmonics, obey_the_addition_theorem) {
    base::Random random(2);
    for (int l = 0; l <= max_angular_order; ++l)
        for (int k = 0; k < 10; ++k) {
            const Vec3 a = random_direction(random), b = random_direction(random);
            const double legendre = std::legendre(static_cast<unsigned>(l), std::clamp(a.dot(b), -1.0, 1.0));
            EXPECT_NEAR(harmonics(l, a).dot(harmonics(l, b)), (2 * l + 1) * legendre, 1e-12) << "l " << l;
        }
}

TEST(SphericalHarmonics, have_component_norm_and_parity) {
    base::Random random(3);
    for (int l = 0; l <= max_angular_order; ++l) {
        const Vec3 n = random_direction(random);
        EXPECT_NEAR(harmonics(l, n).squaredNorm(), 2 * l + 1, 1e-12);
        EXPECT_LT((harmonics(l, -n) - (l % 2 == 0 ? 1 : -1) * harmonics(l, n)).norm(), 1e-13);
    }
}

TEST(SphericalHarmonics, are_orthonormal_over_the_sphere) {
    // Midpoints in the azimuth are exact for these degrees; the polar integral is by Gauss-Legendre nodes found by Newton.
    const int l_max = max_angular_order, nodes = 8, azimuths = 24;
    const SphericalHarmonics all(l_max);
    Eigen::MatrixXd overlap = Eigen::MatrixXd::Zero(all.size(), all.size());
    for (int k = 0; k < nodes; ++k) {
        double u = std::cos(std::numbers::pi * (k + 0.75) / (nodes + 0.5)), slope = 1;
        for (int it = 0; it < 50; ++it) {
            slope = nodes * (u * std::legendre(nodes, u) - std::legendre(nodes - 1, u)) / (u * u - 1);
            u -= std::legendre(nodes, u) / slope;
        }
        const double weight = 2 / ((1 - u * u) * slope * slope), s = std::sqrt(1 - u * u);
        for (int j = 0; j < azimuths; ++j) {
            const double phi = 2 * std::numbers::pi * (j + 0.5) / azimuths;
            Eigen::VectorXd values(all.size());
            all.evaluate({s * std::sin(phi), u, s * std::cos(phi)}, {values.data(), static_cast<std::size_t>(values.size())});
            overlap += 0.5 * weight / azimuths * values * values.transpose();
        }
    }
    EXPECT_LT((overlap - Eigen::MatrixXd::Identity(all.size(), all.size())).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(SphericalHarmonics, turn_by_orthogonal_matrices) {
    base::Random random(4);
    for (int l = 0; l <= max_angular_order; ++l) {
        const Mat3 a = testing::random_rotation(random), b = testing::random_rotation(random);
        const auto da = testing::representation(l, a), db = testing::representation(l, b);
        const auto size = 2 * l + 1;
        EXPECT_LT((da * da.transpose() - Eigen::MatrixXd::Identity(size, size)).norm(), 1e-10);
        EXPECT_LT((da * db - testing::representation(l, a * b)).norm(), 1e-10);
        const Vec3 n = random_direction(random);
        EXPECT_LT((harmonics(l, a * n) - da * harmonics(l, n)).norm(), 1e-10);
    }
}

TEST(SphericalHarmonics, gradients_match_finite_differences_and_are_tangential) {
    base::Random random(5);
    const SphericalHarmonics all(max_angular_order);
    const auto size = static_cast<std::size_t>(all.size());
    std::vector<double> values(size), up(size), down(size);
    std::vector<Vec3> gradient(size);
    const double step = 1e-6;
    for (int k = 0; k < 10; ++k) {
        const double length = random.uniform(0.5, 5);
        const Vec3 r = length * random_direction(random);
        all.evaluate(r / length, length, values, gradient);
        for (int axis = 0; axis < 3; ++axis) {
            const Vec3 shift = step * Vec3::Unit(axis);
            all.evaluate((r + shift).normalized(), up);
            all.evaluate((r - shift).normalized(), down);
            for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(gradient[i][axis], (up[i] - down[i]) / (2 * step), 1e-7);
        }
        all.evaluate(r / length, up);
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_NEAR(gradient[i].dot(r), 0, 1e-11);
            EXPECT_DOUBLE_EQ(values[i], up[i]) << "both forms give the same values";
        }
    }
}

TEST(SphericalHarmonics, refuse_orders_out_of_range) {
    EXPECT_THROW(SphericalHarmonics(-1), InputError);
    EXPECT_THROW(SphericalHarmonics(max_angular_order + 1), InputError);
}

}  // namespace
}  // namespace alkali::math::spherical_harmonics_tests
