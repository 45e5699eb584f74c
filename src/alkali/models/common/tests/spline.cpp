#include "alkali/models/common/spline.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "alkali/base/random.hpp"

namespace alkali::models::spline_tests {
namespace {

constexpr int intervals = 40, width = 3;

/// Value, slope and curvature at u intervals from the beginning, channel c.
std::array<double, 3> at(const std::vector<double>& coefficients, double u, int c) {
    const int k = std::min(static_cast<int>(u), intervals - 1);
    const double t = u - k, s = 1 - t;
    const double value[] = {s * s * s / 6, (4 + t * t * (3 * t - 6)) / 6, (4 + s * s * (3 * s - 6)) / 6, t * t * t / 6};
    const double slope[] = {-s * s / 2, t * (3 * t - 4) / 2, -s * (3 * s - 4) / 2, t * t / 2};
    const double bend[] = {s, 3 * t - 2, 3 * s - 2, t};
    std::array<double, 3> sum{};
    for (int m = 0; m < 4; ++m) {
        const double factor = coefficients[static_cast<std::size_t>((k + m) * width + c)];
        sum[0] += factor * value[m];
        sum[1] += factor * slope[m];
        sum[2] += factor * bend[m];
    }
    return sum;
}

std::vector<double> fitted(const std::vector<double>& values) {
    std::vector<double> coefficients((intervals + 3) * width);
    spline_coefficients(values, intervals, width, SplineEnd::natural, coefficients);
    return coefficients;
}

TEST(NaturalSpline, goes_through_all_values_and_has_no_curvature_at_its_ends) {
    base::Random random(1);
    std::vector<double> values((intervals + 1) * width);
    for (double& v : values) v = random.normal();
    const auto coefficients = fitted(values);
    for (int c = 0; c < width; ++c) {
        for (int k = 0; k <= intervals; ++k) EXPECT_NEAR(at(coefficients, k, c)[0], values[static_cast<std::size_t>(k * width + c)], 1e-13);
        EXPECT_NEAR(at(coefficients, 0, c)[2], 0, 1e-13);
        EXPECT_NEAR(at(coefficients, intervals, c)[2], 0, 1e-13);
    }
}

TEST(NaturalSpline, errors_of_its_ends_die_out_inwards) {
    std::vector<double> values((intervals + 1) * width);
    for (int k = 0; k <= intervals; ++k) std::fill_n(values.begin() + k * width, width, std::exp(0.1 * k));
    const auto coefficients = fitted(values);
    for (const double u : {12.3, 20.5, 27.9}) {
        EXPECT_NEAR(at(coefficients, u, 1)[0], std::exp(0.1 * u), 1e-6 * std::exp(0.1 * u));
        EXPECT_NEAR(at(coefficients, u, 1)[1], 0.1 * std::exp(0.1 * u), 1e-5 * std::exp(0.1 * u));
    }
}

TEST(NaturalSpline, gradient_is_the_transpose_of_interpolation) {
    base::Random random(2);
    std::vector<double> values((intervals + 1) * width), adjoint((intervals + 3) * width), back(values.size());
    for (double& v : values) v = random.normal();
    for (double& v : adjoint) v = random.normal();
    const auto coefficients = fitted(values);
    spline_gradient(adjoint, intervals, width, SplineEnd::natural, back);
    double forward = 0, backward = 0;
    for (std::size_t i = 0; i < adjoint.size(); ++i) forward += adjoint[i] * coefficients[i];
    for (std::size_t i = 0; i < values.size(); ++i) backward += back[i] * values[i];
    EXPECT_NEAR(forward, backward, 1e-12 * std::abs(forward));
}

}  // namespace
}  // namespace alkali::models::spline_tests
