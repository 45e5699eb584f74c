#include "alkali/properties/equation_of_state/fit.hpp"

#include <gtest/gtest.h>

#include "alkali/base/error.hpp"

namespace alkali::properties::fit_tests {
namespace {

constexpr EquationOfState lithium{-1.9, 20.3, 0.086, 3.4, 0};

std::vector<EnergyVolume> sampled(double (*curve)(const EquationOfState&, double), double centre) {
    std::vector<EnergyVolume> points;
    for (int k = -5; k <= 5; ++k) {
        const double volume = centre * (1 + 0.012 * k);
        points.push_back({volume, curve(lithium, volume)});
    }
    return points;
}

TEST(BirchMurnaghan, is_recovered_from_its_own_curve_even_off_centre) {
    for (const double centre : {20.3, 19.5, 21.5}) {
        const auto fit = fit_birch_murnaghan(sampled(birch_murnaghan_energy, centre));
        EXPECT_NEAR(fit.volume, lithium.volume, 1e-8);
        EXPECT_NEAR(fit.energy, lithium.energy, 1e-11);
        EXPECT_NEAR(fit.bulk_modulus, lithium.bulk_modulus, 1e-9);
        EXPECT_NEAR(fit.derivative, lithium.derivative, 1e-6);
        EXPECT_LT(fit.residual, 1e-12);
    }
}

TEST(Vinet, is_recovered_from_its_own_curve_even_off_centre) {
    for (const double centre : {20.3, 19.5, 21.5}) {
        const auto fit = fit_vinet(sampled(vinet_energy, centre));
        EXPECT_NEAR(fit.volume, lithium.volume, 1e-8);
        EXPECT_NEAR(fit.bulk_modulus, lithium.bulk_modulus, 1e-9);
        EXPECT_NEAR(fit.derivative, lithium.derivative, 1e-6);
        EXPECT_LT(fit.residual, 1e-12);
    }
}

TEST(EquationsOfState, have_the_bulk_modulus_and_derivative_they_are_named_by) {
    for (const auto curve : {birch_murnaghan_energy, vinet_energy}) {
        const auto e = [&](double v) { return curve(lithium, v); };
        constexpr double v = lithium.volume, h = 0.02;
        EXPECT_NEAR((e(v + h) - e(v - h)) / (2 * h), 0, 1e-7);
        EXPECT_NEAR(v * (e(v + h) - 2 * e(v) + e(v - h)) / (h * h), lithium.bulk_modulus, 1e-6);
        constexpr double w = 0.2;
        const double third = (e(v + 2 * w) - 2 * e(v + w) + 2 * e(v - w) - e(v - 2 * w)) / (2 * w * w * w);
        EXPECT_NEAR(-1 - v * v * third / lithium.bulk_modulus, lithium.derivative, 5e-3);
    }
}

TEST(EquationsOfState, the_residual_is_the_scatter_about_the_curve) {
    auto points = sampled(birch_murnaghan_energy, 20.3);
    for (std::size_t k = 0; k < points.size(); ++k) points[k].energy += k % 2 == 0 ? 1e-4 : -1e-4;
    const auto fit = fit_birch_murnaghan(points);
    EXPECT_GT(fit.residual, 0.8e-4);
    EXPECT_LT(fit.residual, 1e-4);
}

TEST(EquationsOfState, curves_without_minimum_and_too_few_points_are_refused) {
    std::vector<EnergyVolume> falling;
    for (int k = 0; k < 9; ++k) falling.push_back({18.0 + k, -0.1 * k});
    EXPECT_THROW(static_cast<void>(fit_birch_murnaghan(falling)), ConvergenceError);
    falling.resize(4);
    EXPECT_THROW(static_cast<void>(fit_birch_murnaghan(falling)), InputError);
}

}  // namespace
}  // namespace alkali::properties::fit_tests
