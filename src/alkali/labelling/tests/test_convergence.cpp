#include <gtest/gtest.h>

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/labelling/convergence.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling::convergence_tests {
namespace {

std::vector<structure::Structure> three_volumes() {
    const auto cell = structure::bcc("Li", 3.43);
    return {structure::with_volume(cell, 39.5), structure::with_volume(cell, 40.4), structure::with_volume(cell, 41.3)};
}
const std::vector<PressureTest> tests{{0, 1, 2}};

/// E(V) = k/2 (V - V0)^2 of the cell, and an error that falls with the setting: of every energy alike, of energy differences, of
/// forces, of stress.
struct Errors {
    double shift = 0, energy = 0, force = 0, stress = 0;
};
ConvergencePoint point(double value, const Errors& errors) {
    constexpr double k = 0.01, v0 = 41;
    const auto structures = three_volumes();
    ConvergencePoint p{value, {}};
    for (std::size_t s = 0; s < structures.size(); ++s) {
        const double v = structures[s].cell.volume();
        Label label;
        label.labels.energy = 0.5 * k * (v - v0) * (v - v0) + 2 * errors.shift + 2 * errors.energy * (s == 1 ? 1 : -0.5);
        label.labels.forces = std::vector<Vec3>(2, Vec3(errors.force, 0, 0));
        label.labels.stress = Mat3::Identity() * (k * (v - v0) + errors.stress);
        label.seconds = value;
        p.labels.push_back(label);
    }
    return p;
}

TEST(Convergence, is_measured_against_the_densest_point_and_energy_also_without_the_common_shift) {
    const auto series =
        convergence_series("ecutwfc", "Ry", std::vector{point(10, {0.5, 0.004, 0.03, 0.002}), point(20, {})}, three_volumes(), tests, {});
    ASSERT_EQ(series.figures.size(), 2U);
    const auto& f = series.figures[0];
    EXPECT_NEAR(f.relative_energy, 0.004 * std::sqrt(0.5), 1e-12);
    EXPECT_NEAR(f.energy, std::hypot(0.5, 0.004 * std::sqrt(0.5)), 1e-12);
    EXPECT_NEAR(f.force, 0.03 / std::sqrt(3.0), 1e-12);
    EXPECT_NEAR(f.stress, 0.002 / std::sqrt(3.0), 1e-12);
    EXPECT_EQ(f.seconds, 30);
    EXPECT_EQ(series.figures[1].relative_energy, 0);
}

TEST(Convergence, tells_stress_that_is_not_the_slope_of_the_energy) {
    const auto series =
        convergence_series("ecutrho", "Ry", std::vector{point(80, {0, 0, 0, 0.002}), point(240, {})}, three_volumes(), tests, {});
    EXPECT_NEAR(series.figures[0].pressure, 0.002, 1e-12);
    EXPECT_LT(series.figures[1].pressure, 1e-12);
}

TEST(Convergence, recommends_the_first_value_from_which_on_all_is_within_the_tolerance) {
    const Errors good{0.1, 1e-4, 1e-3, 1e-5}, bad{0.1, 1e-4, 1e-1, 1e-5};
    const auto recommended = [&](const std::vector<Errors>& errors) {
        std::vector<ConvergencePoint> points;
        for (const auto& e : errors) points.push_back(point(10.0 * static_cast<double>(points.size() + 1), e));
        return convergence_series("ecutwfc", "Ry", points, three_volumes(), tests, {}).recommended;
    };
    EXPECT_EQ(recommended({bad, good, good, {}}), 1U);
    EXPECT_EQ(recommended({good, bad, good, {}}), 2U) << "a lucky early value does not count";
    EXPECT_EQ(recommended({good, bad, {}}), std::nullopt) << "the yardstick does not recommend itself";
}

TEST(Convergence, writes_the_units_the_report_shows) {
    const auto series = std::vector{
        convergence_series("ecutwfc", "Ry", std::vector{point(10, {0, 0, 0.03, 0.002}), point(20, {})}, three_volumes(), tests, {})};
    const auto json = to_json(series, {});
    const auto& first = json.at("series").at(0).at("points").at(0);
    EXPECT_NEAR(first.at("force").get<double>(), 30 / std::sqrt(3.0), 1e-9);
    EXPECT_NEAR(first.at("stress").get<double>(), 0.002 / std::sqrt(3.0) * units::gpa_per_ev_per_angstrom3, 1e-9);
    EXPECT_TRUE(json.at("series").at(0).at("recommended").is_null());
}

TEST(Convergence, of_one_value_or_of_missing_labels_is_refused) {
    EXPECT_THROW(static_cast<void>(convergence_series("x", "", std::vector{point(1, {})}, three_volumes(), tests, {})), InputError);
    auto short_one = point(1, {});
    short_one.labels.pop_back();
    EXPECT_THROW(static_cast<void>(convergence_series("x", "", std::vector{short_one, point(2, {})}, three_volumes(), tests, {})),
                 InputError);
}

}  // namespace
}  // namespace alkali::labelling::convergence_tests
