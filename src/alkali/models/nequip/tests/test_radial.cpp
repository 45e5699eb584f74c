#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "alkali/base/random.hpp"
#include "alkali/kernels/reference/radial.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/nequip/model.hpp"
#include "alkali/structure/builders.hpp"

// The radial network and the splines that stand for it.
namespace alkali::models::nequip::radial_tests {
namespace {

using Array = std::vector<double>;

Array random_array(std::size_t size, std::uint64_t seed) {
    base::Random random(seed);
    Array values(size);
    for (double& v : values) v = random.normal();
    return values;
}

double dot(const Array& a, const Array& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

Array coefficients_of(const Array& values, int intervals, int width) {
    Array coefficients(static_cast<std::size_t>((intervals + 3) * width));
    spline_coefficients(values, intervals, width, SplineEnd::zero, coefficients);
    return coefficients;
}

struct Point {
    double value = 0, slope = 0, curvature = 0, third = 0;
};

/// The spline of column c on the interval k at the fraction t in [0, 1] of it, from the basis polynomials themselves.
Point on_interval(const Array& coefficients, int intervals, int width, int c, int k, double t) {
    const double n = intervals, s = 1 - t;
    const double value[4] = {s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6, t * t * t / 6};
    const double slope[4] = {-s * s / 2, (3 * t * t - 4 * t) / 2, (4 * s - 3 * s * s) / 2, t * t / 2};
    const double curvature[4] = {s, 3 * t - 2, 3 * s - 2, t};
    const double third[4] = {-1, 3, -3, 1};
    Point p;
    for (int m = 0; m < 4; ++m) {
        const double w = coefficients[static_cast<std::size_t>((k + m) * width + c)];
        p.value += w * value[m];
        p.slope += w * slope[m] * n;
        p.curvature += w * curvature[m] * n * n;
        p.third += w * third[m] * n * n * n;
    }
    return p;
}

TEST(RadialSpline, interpolates_and_is_continuous_to_the_second_derivative) {
    const int intervals = 11, width = 3;
    const auto values = random_array(static_cast<std::size_t>((intervals - 1) * width), 1);
    const auto coefficients = coefficients_of(values, intervals, width);
    for (int c = 0; c < width; ++c)
        for (int k = 0; k < intervals; ++k) {
            const Point right = on_interval(coefficients, intervals, width, c, k, 0);
            if (k < intervals - 1) {
                EXPECT_NEAR(right.value, values[static_cast<std::size_t>(k * width + c)], 1e-13);
            }
            if (k == 0) continue;
            const Point left = on_interval(coefficients, intervals, width, c, k - 1, 1);
            EXPECT_NEAR(left.value, right.value, 1e-13);
            EXPECT_NEAR(left.slope, right.slope, 1e-11);
            EXPECT_NEAR(left.curvature, right.curvature, 1e-9);
        }
}

TEST(RadialSpline, ends_with_value_slope_and_curvature_exactly_zero_at_the_cutoff) {
    const int intervals = 9, width = 2;
    const auto coefficients = coefficients_of(random_array(static_cast<std::size_t>((intervals - 1) * width), 2), intervals, width);
    for (int c = 0; c < width; ++c) {
        const Point end = on_interval(coefficients, intervals, width, c, intervals - 1, 1);
        EXPECT_EQ(end.value, 0);
        EXPECT_EQ(end.slope, 0);
        EXPECT_EQ(end.curvature, 0);
        EXPECT_NEAR(on_interval(coefficients, intervals, width, c, 0, 0).curvature, 0, 1e-11) << "and without curvature at the centre";
    }
}

TEST(RadialSpline, taps_of_the_kernels_are_the_basis_polynomials) {
    const int intervals = 7;
    const auto coefficients = random_array(static_cast<std::size_t>(intervals + 3), 3);
    for (const double x : {0.0, 0.01, 1.0 / 7, 0.35, 0.5, 6.0 / 7, 0.99, std::nextafter(1.0, 0.0)}) {
        const auto taps = kernels::reference::spline_taps(x, intervals);
        ASSERT_TRUE(taps.inside);
        const int k = std::min(static_cast<int>(x * intervals), intervals - 1);
        EXPECT_EQ(taps.interval, k);
        const Point expected = on_interval(coefficients, intervals, 1, 0, k, x * intervals - k);
        double value = 0, slope = 0;
        for (int m = 0; m < 4; ++m) {
            value += taps.value[m] * coefficients[static_cast<std::size_t>(k + m)];
            slope += taps.slope[m] * coefficients[static_cast<std::size_t>(k + m)];
        }
        EXPECT_NEAR(value, expected.value, 1e-14);
        EXPECT_NEAR(slope, expected.slope, 1e-12);
    }
    for (const double x : {1.0, 1.5, std::nan("")}) EXPECT_FALSE(kernels::reference::spline_taps(x, intervals).inside) << x;
}

TEST(RadialSpline, gradient_is_the_transpose_of_interpolation) {
    for (const int intervals : {8, 9, 33}) {
        const int width = 5;
        const auto values = random_array(static_cast<std::size_t>((intervals - 1) * width), 4);
        const auto adjoint = random_array(static_cast<std::size_t>((intervals + 3) * width), 5);
        Array back(values.size());
        spline_gradient(adjoint, intervals, width, SplineEnd::zero, back);
        const double expected = dot(adjoint, coefficients_of(values, intervals, width));
        EXPECT_NEAR(dot(back, values), expected, 1e-12 * (1 + std::abs(expected))) << intervals;
    }
}

TEST(RadialSpline, error_falls_with_the_fourth_power_of_the_interval) {
    // Zero curvature at the centre and third order contact with zero at the cutoff, as the splines assume.
    const auto f = [](double x) { return std::cos(5 * x * x * x) * std::pow(1 - x, 3) * (1 + 3 * x + 6 * x * x); };
    const auto error = [&](int intervals) {
        Array values;
        for (int k = 0; k < intervals - 1; ++k) values.push_back(f(static_cast<double>(k) / intervals));
        const auto coefficients = coefficients_of(values, intervals, 1);
        double most = 0;
        for (int k = 0; k < intervals; ++k)
            for (const double t : {0.2, 0.5, 0.8})
                most = std::max(most, std::abs(on_interval(coefficients, intervals, 1, 0, k, t).value - f((k + t) / intervals)));
        return most;
    };
    EXPECT_NEAR(error(64) / error(128), 16, 2);
    EXPECT_NEAR(error(128) / error(256), 16, 2);
}

Hyperparameters network(int depth) {
    return Hyperparameters::from_json({{"type_names", {"Li"}},
                                       {"r_max", 5.0},
                                       {"num_layers", 2},
                                       {"l_max", 1},
                                       {"num_features", {5, 3}},
                                       {"radial_mlp_depth", depth},
                                       {"radial_mlp_width", 7},
                                       {"num_bessels", 4},
                                       {"bessel_trainable", true},
                                       {"polynomial_cutoff_p", 6},
                                       {"model_dtype", "float64"}});
}

TEST(RadialNetwork, slopes_match_finite_differences_and_vanish_at_the_cutoff) {
    for (const int depth : {0, 1, 2}) {
        const Architecture architecture(network(depth));
        const auto parameters = initial_parameters(architecture, 4);
        const RadialNetwork radial(architecture, 1, kernels::reference_kernels<double>());
        const double step = 1e-6;
        const Array x{0.0, 1e-7, 0.03, 0.4, 0.77, 0.9999, 1.0, 1.2};
        Array up = x, down = x;
        for (double& v : up) v += step;
        for (double& v : down) v -= step;
        const std::size_t size = x.size() * static_cast<std::size_t>(radial.width());
        Array rows(size), slopes(size), upper(size), lower(size);
        radial.evaluate(parameters, x, rows, slopes);
        radial.evaluate(parameters, up, upper, {});
        radial.evaluate(parameters, down, lower, {});
        double most = 0;
        for (const double v : slopes) most = std::max(most, std::abs(v));
        EXPECT_GT(most, 0.1);
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_NEAR(slopes[i], (upper[i] - lower[i]) / (2 * step), 1e-6 * (1 + most))
                << "depth " << depth << ", x " << x[i / static_cast<std::size_t>(radial.width())];
            if (x[i / static_cast<std::size_t>(radial.width())] >= 1) {
                EXPECT_EQ(rows[i], 0);
                EXPECT_NEAR(slopes[i], 0, 1e-10);
            }
        }
    }
}

TEST(RadialNetwork, parameter_gradient_matches_finite_differences) {
    for (const int depth : {0, 1, 2}) {
        const Architecture architecture(network(depth));
        const auto start = initial_parameters(architecture, 5);
        const RadialNetwork radial(architecture, 1, kernels::reference_kernels<double>());
        const Array x{0.0, 0.1, 0.35, 0.6, 0.85};
        const auto adjoint = random_array(x.size() * static_cast<std::size_t>(radial.width()), 6);
        const auto value = [&](const Array& parameters) {
            Array rows(adjoint.size());
            radial.evaluate(parameters, x, rows, {});
            return dot(rows, adjoint);
        };
        Array gradient(start.size(), 0.0);
        radial.accumulate_gradient(start, x, adjoint, gradient);
        auto where = architecture.layer_parameters[1].radial;
        where.push_back(architecture.bessel);
        for (const std::size_t index : where) {
            const auto& info = architecture.info(index);
            double norm = 0;
            for (std::size_t k = info.offset; k < info.offset + info.size; ++k) {
                auto moved = start;
                const double step = 1e-5;
                moved[k] = start[k] + step;
                const double up = value(moved);
                moved[k] = start[k] - step;
                EXPECT_NEAR(gradient[k], (up - value(moved)) / (2 * step), 1e-7)
                    << info.name << " " << k - info.offset << ", depth " << depth;
                norm += std::abs(gradient[k]);
            }
            EXPECT_GT(norm, 0) << info.name;
        }
    }
}

/// Rattled bcc lithium.
structure::Structure lithium() {
    base::Random random(3);
    return structure::rattled(structure::repeated(structure::bcc("Li", 3.434), {2, 2, 2}), 0.1, random);
}

TEST(RadialMode, splines_of_1024_intervals_keep_energies_and_forces_of_the_exact_network) {
    const auto s = lithium();
    const auto atoms = static_cast<double>(s.size());
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
        auto hyper = network(2);
        hyper.num_features = {16, 16, 16};
        hyper.l_max = 2;
        hyper.num_layers = 3;
        hyper.num_bessels = 8;
        hyper.radial_mlp_width = 64;
        hyper.avg_num_neighbors = {30.0};
        hyper.spline_intervals = 1024;
        const auto exact = std::make_shared<NequIP>(hyper, EvaluationOptions{RadialMode::exact, ""}),
                   spline = std::make_shared<NequIP>(hyper);
        auto parameters = initial_parameters(exact->architecture(), seed);
        exact->set_parameters(parameters);
        double square = 0;
        for (const Vec3& force : ModelCalculator(exact, "exact").compute(s).forces) square += force.squaredNorm();
        // Forces of 0.5 eV/angstrom, as in a metal.
        parameters[exact->architecture().info(exact->architecture().scales).offset] *= 0.5 / std::sqrt(square / (3 * atoms));
        exact->set_parameters(parameters);
        spline->set_parameters(parameters);
        const auto expected = ModelCalculator(exact, "exact").compute(s), got = ModelCalculator(spline, "spline").compute(s);
        EXPECT_NEAR(got.energy / atoms, expected.energy / atoms, 1e-7);
        for (std::size_t i = 0; i < s.size(); ++i)
            EXPECT_LE((got.forces[i] - expected.forces[i]).cwiseAbs().maxCoeff(), 1e-6) << "seed " << seed;
    }
}

}  // namespace
}  // namespace alkali::models::nequip::radial_tests
