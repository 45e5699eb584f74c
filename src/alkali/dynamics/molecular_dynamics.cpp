#include "alkali/dynamics/molecular_dynamics.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::dynamics {
namespace {

/// Intercept and slope of the least-squares line.
struct Line {
    double mean_x = 0, mean_y = 0, slope = 0, spread = 0;  ///< spread: sum of (x - mean)^2
    [[nodiscard]] double at(double x) const { return mean_y + slope * (x - mean_x); }
};

/// Means are taken first: total energies are large beside their changes.
Line fit_line(std::span<const double> x, std::span<const double> y) {
    Line line;
    const auto n = static_cast<double>(x.size());
    // Sums of differences from the first value keep the digits that the values share out of the way.
    for (std::size_t k = 0; k < x.size(); ++k) {
        line.mean_x += x[k] - x[0];
        line.mean_y += y[k] - y[0];
    }
    line.mean_x = x[0] + line.mean_x / n;
    line.mean_y = y[0] + line.mean_y / n;
    double product = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
        line.spread += (x[k] - line.mean_x) * (x[k] - line.mean_x);
        product += (x[k] - line.mean_x) * (y[k] - line.mean_y);
    }
    if (!(line.spread > 0)) throw InputError("the energies of a drift need different times");
    line.slope = product / line.spread;
    return line;
}

double scatter(const Line& line, std::span<const double> x, std::span<const double> y, double freedom) {
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) sum += std::pow(y[k] - line.at(x[k]), 2);
    return std::sqrt(sum / freedom);
}

/// Means of `count` spans of equal length.
std::vector<double> block_means(std::span<const double> values, std::size_t count) {
    std::vector<double> means;
    for (std::size_t b = 0; b < count; ++b) {
        const std::size_t begin = values.size() * b / count, end = values.size() * (b + 1) / count;
        double sum = 0;
        for (std::size_t k = begin; k < end; ++k) sum += values[k] - values[0];
        means.push_back(values[0] + sum / static_cast<double>(end - begin));
    }
    return means;
}

}  // namespace

std::vector<double> atomic_masses(const structure::Structure& structure) {
    std::vector<double> masses;
    for (std::size_t i = 0; i < structure.size(); ++i) {
        if (structure.numbers[i] < 1)
            throw InputError(fmt::format("atom {} is of no known element and has no mass", i + 1), {}, "name its element");
        masses.push_back(units::atomic_mass(structure.numbers[i]));
    }
    return masses;
}

std::vector<Vec3> thermal_velocities(std::span<const double> masses, double temperature, base::Random& random) {
    if (masses.size() < 2) throw InputError("a single atom of zero momentum has no temperature");
    if (!(std::isfinite(temperature) && temperature >= 0))
        throw InputError(fmt::format("the temperature {} K is not a temperature", temperature));
    for (const double m : masses)
        if (!(std::isfinite(m) && m > 0)) throw InputError(fmt::format("a mass of {} amu cannot move", m));
    std::vector<Vec3> velocities;
    Vec3 total = Vec3::Zero();
    double mass = 0;
    for (const double m : masses) {
        Vec3 v;
        for (int k = 0; k < 3; ++k) v[k] = random.normal() / std::sqrt(m);
        velocities.push_back(v);
        total += m * v;
        mass += m;
    }
    double twice = 0;
    for (std::size_t i = 0; i < masses.size(); ++i) {
        velocities[i] -= total / mass;
        twice += masses[i] * velocities[i].squaredNorm();
    }
    const double wanted = (3 * static_cast<double>(masses.size()) - 3) * units::boltzmann * temperature / units::amu_angstrom2_per_fs2;
    for (auto& v : velocities) v *= std::sqrt(wanted / twice);
    return velocities;
}

double kinetic_energy(const Motion& motion) {
    double twice = 0;
    for (std::size_t i = 0; i < motion.masses.size(); ++i) twice += motion.masses[i] * motion.velocities[i].squaredNorm();
    return 0.5 * twice * units::amu_angstrom2_per_fs2;
}

Vec3 momentum(const Motion& motion) {
    Vec3 total = Vec3::Zero();
    for (std::size_t i = 0; i < motion.masses.size(); ++i) total += motion.masses[i] * motion.velocities[i];
    return total;
}

VelocityVerlet::VelocityVerlet(calculator::Calculator& calculator, Motion start, double dt)
    : calculator_(calculator), motion_(std::move(start)), dt_(dt) {
    if (!(std::isfinite(dt) && dt != 0)) throw InputError(fmt::format("a time step of {} fs goes nowhere", dt));
    const auto atoms = motion_.structure.size();
    if (motion_.masses.size() != atoms || motion_.velocities.size() != atoms)
        throw InputError(fmt::format("{} atoms have {} masses and {} velocities", atoms, motion_.masses.size(), motion_.velocities.size()));
    for (const double m : motion_.masses)
        if (!(std::isfinite(m) && m > 0)) throw InputError(fmt::format("a mass of {} amu cannot move", m));
    result_ = calculator_.compute(motion_.structure);
}

void VelocityVerlet::kick(double time) {
    for (std::size_t i = 0; i < motion_.masses.size(); ++i)
        motion_.velocities[i] += time / (motion_.masses[i] * units::amu_angstrom2_per_fs2) * result_.forces[i];
}

void VelocityVerlet::step() {
    kick(0.5 * dt_);
    for (std::size_t i = 0; i < motion_.masses.size(); ++i) motion_.structure.positions[i] += dt_ * motion_.velocities[i];
    result_ = calculator_.compute(motion_.structure);
    kick(0.5 * dt_);
    ++steps_;
}

EnergySample VelocityVerlet::energies() const { return {static_cast<double>(steps_) * dt_, result_.energy, kinetic_energy(motion_)}; }

NveRun run_nve(calculator::Calculator& calculator, Motion start, const NveOptions& options) {
    if (options.steps < 0) throw InputError(fmt::format("{} steps cannot be run", options.steps));
    VelocityVerlet integrator(calculator, std::move(start), options.dt);
    NveRun run;
    run.samples.reserve(static_cast<std::size_t>(options.steps) + 1);
    run.samples.push_back(integrator.energies());
    for (long k = 0; k < options.steps; ++k) {
        integrator.step();
        run.samples.push_back(integrator.energies());
        if (!std::isfinite(run.samples.back().total()))
            throw ConvergenceError(fmt::format("the energy is no longer finite after {} steps of {} fs", k + 1, options.dt),
                                   calculator.name(), "take a shorter time step, or start colder");
        if (options.observer) options.observer(k + 1);
    }
    run.end = integrator.motion();
    return run;
}

EnergyDrift energy_drift(std::span<const EnergySample> samples, std::size_t atoms) {
    constexpr std::size_t blocks = 10;
    if (samples.size() < 2 * blocks || atoms == 0)
        throw InputError(fmt::format("a drift needs {} samples, there are {}", 2 * blocks, samples.size()), {}, "run longer");
    std::vector<double> time, energy;
    for (const auto& s : samples) {
        time.push_back(1e-3 * s.time);  // ps
        energy.push_back(s.total() / static_cast<double>(atoms));
    }
    const Line line = fit_line(time, energy);
    // Successive energies are correlated, so the error comes from means over spans much longer than a vibration.
    const auto times = block_means(time, blocks), means = block_means(energy, blocks);
    const Line coarse = fit_line(times, means);
    return {line.slope, scatter(coarse, times, means, blocks - 2) / std::sqrt(coarse.spread),
            scatter(line, time, energy, static_cast<double>(time.size()))};
}

}  // namespace alkali::dynamics
