#include "alkali/dynamics/molecular_dynamics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/tests/pair_potential.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::dynamics::molecular_dynamics_tests {
namespace {

using testing_aid::LennardJones;

/// One atom on a spring to the origin: E = k x^2 / 2.
class Spring final : public calculator::Calculator {
public:
    using Calculator::compute;
    [[nodiscard]] calculator::Result compute(const structure::Structure& s, const calculator::Request&) override {
        calculator::Result result;
        result.energy = 0.5 * stiffness * s.positions[0].squaredNorm();
        result.forces = {-stiffness * s.positions[0]};
        return result;
    }
    [[nodiscard]] std::string name() const override { return "spring"; }
    [[nodiscard]] std::vector<int> species() const override { return {}; }
    [[nodiscard]] double cutoff() const override { return 0; }

    static constexpr double stiffness = 2;  // eV/angstrom^2
};

Motion on_spring() {
    Motion motion;
    motion.structure.add(3, Vec3(0.3, -0.1, 0.2));
    motion.masses = {6.94};
    motion.velocities = {Vec3::Zero()};
    return motion;
}

double spring_frequency() { return std::sqrt(Spring::stiffness / (6.94 * units::amu_angstrom2_per_fs2)); }

/// Argon crystal at `temperature`.
Motion argon_crystal(double temperature, std::uint64_t seed = 1) {
    Motion motion;
    motion.structure = structure::repeated(structure::fcc("Ar", 5.3), {2, 2, 2});
    motion.masses = atomic_masses(motion.structure);
    base::Random random(seed);
    motion.velocities = thermal_velocities(motion.masses, temperature, random);
    return motion;
}

LennardJones argon() { return {0.01, 3.4, 8.5}; }

TEST(ThermalVelocities, have_the_temperature_and_no_momentum_for_unequal_masses) {
    Motion motion = argon_crystal(0);
    for (std::size_t i = 0; i < motion.masses.size(); i += 3) motion.masses[i] = 6.94;
    base::Random random(7);
    motion.velocities = thermal_velocities(motion.masses, 300, random);
    const double freedom = 3.0 * 32 - 3;
    EXPECT_NEAR(kinetic_energy(motion), 0.5 * freedom * units::boltzmann * 300, 1e-12);
    EXPECT_LT(momentum(motion).norm(), 1e-14);
}

TEST(ThermalVelocities, are_normal_with_the_variance_of_each_mass) {
    std::vector<double> masses(20000, 40.0);
    std::fill_n(masses.begin(), 10000, 10.0);
    base::Random random(3);
    const auto velocities = thermal_velocities(masses, 500, random);
    for (const std::size_t first : {std::size_t{0}, std::size_t{10000}}) {
        double square = 0, fourth = 0;
        for (std::size_t i = first; i < first + 10000; ++i)
            for (int k = 0; k < 3; ++k) {
                square += std::pow(velocities[i][k], 2);
                fourth += std::pow(velocities[i][k], 4);
            }
        const double variance = square / 30000, expected = units::boltzmann * 500 / (masses[first] * units::amu_angstrom2_per_fs2);
        EXPECT_NEAR(variance / expected, 1, 0.03);  // standard error sqrt(2/30000) = 0.008
        EXPECT_NEAR(fourth / 30000 / (variance * variance), 3, 0.2);
    }
}

TEST(ThermalVelocities, follow_their_seed) {
    EXPECT_EQ(argon_crystal(80, 5).velocities, argon_crystal(80, 5).velocities);
    EXPECT_NE(argon_crystal(80, 5).velocities, argon_crystal(80, 6).velocities);
}

TEST(ThermalVelocities, refuse_what_has_no_temperature) {
    base::Random random(1);
    EXPECT_THROW(static_cast<void>(thermal_velocities(std::vector<double>{1}, 300, random)), InputError);
    EXPECT_THROW(static_cast<void>(thermal_velocities(std::vector<double>{1, 0}, 300, random)), InputError);
    EXPECT_THROW(static_cast<void>(thermal_velocities(std::vector<double>{1, 1}, -1, random)), InputError);
}

// Velocity Verlet on a spring has the exact solution x_n = x_0 cos(n theta), cos(theta) = 1 - (w dt)^2 / 2.
TEST(VelocityVerlet, swings_on_a_spring_exactly_as_its_own_solution_says) {
    Spring spring;
    const double dt = 0.15 / spring_frequency(), theta = std::acos(1 - 0.15 * 0.15 / 2);
    VelocityVerlet verlet(spring, on_spring(), dt);
    const Vec3 start = on_spring().structure.positions[0];
    for (int n = 1; n <= 500; ++n) {
        verlet.step();
        EXPECT_NEAR((verlet.motion().structure.positions[0] - start * std::cos(n * theta)).norm(), 0, 1e-12) << n;
    }
}

TEST(VelocityVerlet, period_errs_with_the_square_of_the_time_step) {
    Spring spring;
    const double period = 2 * std::numbers::pi / spring_frequency();
    const auto error = [&](int steps_per_period) {
        VelocityVerlet verlet(spring, on_spring(), period / steps_per_period);
        for (int n = 0; n < steps_per_period; ++n) verlet.step();
        // Phase behind or ahead after one true period, from position and velocity.
        const auto& m = verlet.motion();
        return std::abs(std::atan2(m.velocities[0][0] / spring_frequency(), m.structure.positions[0][0]));
    };
    EXPECT_NEAR(error(40) / error(80), 4, 0.05);
    EXPECT_NEAR(error(80), std::pow(2 * std::numbers::pi, 3) / (24 * 80 * 80), 1e-5);
}

TEST(VelocityVerlet, comes_back_when_velocities_are_turned) {
    auto lj = argon();
    const Motion start = argon_crystal(80);
    auto there = run_nve(lj, start, {4, 200, {}}).end;
    double way = 0;
    for (std::size_t i = 0; i < start.masses.size(); ++i) {
        way = std::max(way, (there.structure.positions[i] - start.structure.positions[i]).norm());
        there.velocities[i] *= -1;
    }
    EXPECT_GT(way, 0.2);
    const auto back = run_nve(lj, there, {4, 200, {}}).end;
    for (std::size_t i = 0; i < start.masses.size(); ++i) {
        EXPECT_LT((back.structure.positions[i] - start.structure.positions[i]).norm(), 1e-9);
        EXPECT_LT((back.velocities[i] + start.velocities[i]).norm(), 1e-11);
    }
}

TEST(VelocityVerlet, keeps_momentum) {
    auto lj = argon();
    auto start = argon_crystal(80);
    for (auto& v : start.velocities) v += Vec3(1e-3, 0, -2e-3);
    const Vec3 before = momentum(start);
    EXPECT_LT((momentum(run_nve(lj, start, {4, 300, {}}).end) - before).norm(), 1e-12 * before.norm() * 300);
}

/// Standard deviation of the total energy after a settling time.
double fluctuation(double dt) {
    auto lj = argon();
    const auto run = run_nve(lj, argon_crystal(80), {dt, std::lround(4000 / dt), {}});
    const auto settled = std::span(run.samples).subspan(run.samples.size() / 4);
    return energy_drift(settled, 32).fluctuation;
}

TEST(VelocityVerlet, energy_fluctuates_with_the_square_of_the_time_step) {
    const double coarse = fluctuation(8), fine = fluctuation(4);
    EXPECT_NEAR(coarse / fine, 4, 0.8);
    EXPECT_LT(fine, 0.01 * units::boltzmann * 80);
}

TEST(VelocityVerlet, energy_does_not_drift_on_a_smooth_potential) {
    auto lj = argon();
    const auto run = run_nve(lj, argon_crystal(80), {4, 2500, {}});
    const auto drift = energy_drift(std::span(run.samples).subspan(250), 32);
    EXPECT_LT(std::abs(drift.value), 4 * drift.standard_error + 1e-8);
    EXPECT_LT(drift.standard_error, 1e-6);
    double least = 1e9, most = 0;
    for (const auto& s : run.samples) {
        least = std::min(least, s.kinetic);
        most = std::max(most, s.kinetic);
    }
    EXPECT_GT(most - least, 100 * drift.fluctuation * 32) << "kinetic energy turns into potential energy all the while";
}

TEST(VelocityVerlet, repeats_itself_bit_by_bit) {
    auto lj = argon();
    const auto a = run_nve(lj, argon_crystal(80), {4, 50, {}}), b = run_nve(lj, argon_crystal(80), {4, 50, {}});
    EXPECT_EQ(a.end.structure.positions, b.end.structure.positions);
    EXPECT_EQ(a.end.velocities, b.end.velocities);
    EXPECT_EQ(a.samples.back().potential, b.samples.back().potential);
}

TEST(VelocityVerlet, refuses_what_cannot_move) {
    Spring spring;
    auto heavy = on_spring();
    EXPECT_THROW(VelocityVerlet(spring, heavy, 0), InputError);
    heavy.masses = {-1};
    EXPECT_THROW(VelocityVerlet(spring, heavy, 1), InputError);
    heavy.masses.clear();
    EXPECT_THROW(VelocityVerlet(spring, heavy, 1), InputError);
    EXPECT_THROW(static_cast<void>(run_nve(spring, on_spring(), {1, -1, {}})), InputError);
    EXPECT_THROW(static_cast<void>(run_nve(spring, on_spring(), {1e200, 10, {}})), ConvergenceError);
}

TEST(EnergyDrift, is_the_slope_per_atom_and_picosecond) {
    std::vector<EnergySample> samples;
    for (int k = 0; k <= 2000; ++k) {
        const double ps = k * 1e-3, heat = 10 * (3e-6 * ps) + 1e-7 * std::sin(300 * ps);
        samples.push_back({1e3 * ps, -190 + 0.3 * std::cos(40 * ps) + heat, 0.4 - 0.3 * std::cos(40 * ps)});
    }
    const auto drift = energy_drift(samples, 10);
    EXPECT_NEAR(drift.value, 3e-6, 1e-9);
    EXPECT_NEAR(drift.fluctuation, 1e-8 / std::sqrt(2.0), 2e-10);
    EXPECT_LT(drift.standard_error, 1e-9);
    EXPECT_THROW(static_cast<void>(energy_drift(std::span(samples).first(19), 10)), InputError);
}

TEST(EnergyDrift, error_covers_the_slope_that_noise_makes) {
    int inside = 0;
    for (int seed = 0; seed < 200; ++seed) {
        base::Random random(static_cast<std::uint64_t>(seed));
        std::vector<EnergySample> samples;
        for (int k = 0; k < 400; ++k) samples.push_back({static_cast<double>(k), 1e-6 * random.normal(), 0});
        const auto drift = energy_drift(samples, 1);
        if (std::abs(drift.value) < 2 * drift.standard_error) ++inside;
    }
    // Student's t with 8 degrees of freedom: 92 % within two standard errors.
    EXPECT_NEAR(inside / 200.0, 0.92, 0.07);
}

}  // namespace
}  // namespace alkali::dynamics::molecular_dynamics_tests
