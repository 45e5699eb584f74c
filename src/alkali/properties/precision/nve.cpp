#include <fmt/format.h>

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/molecular_dynamics.hpp"
#include "alkali/properties/precision/precision.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::properties::precision {
namespace {

/// 1 fs resolves lithium's fastest vibration (about 9 THz) a hundredfold; frequencies fall with the root of the mass.
double time_step(const NveOptions& options, double mass) {
    constexpr double lithium = 6.94;
    return options.dt > 0 ? options.dt : std::round(10 * std::sqrt(mass / lithium)) / 10;
}

constexpr double most_steps = 1e8;

long steps_of(double picoseconds, double dt) {
    const double steps = 1e3 * picoseconds / dt;
    if (!(steps <= most_steps))
        throw InputError(fmt::format("{:g} ps in steps of {:g} fs are {:.3g} steps", picoseconds, dt, steps), {},
                         fmt::format("ask for a shorter time or longer steps: {:.0e} at most", most_steps));
    return std::lround(steps);
}

/// A perfect crystal has no potential energy to share: it starts with twice the kinetic energy, half of which turns into
/// vibrations while it settles.
dynamics::Motion settled(const Trial& trial, const NveOptions& options, double dt, std::function<void(long)> observer) {
    dynamics::Motion motion;
    motion.structure = block_of(trial.crystal, options.atoms);
    motion.masses = dynamics::atomic_masses(motion.structure);
    base::Random random(trial.seed);
    motion.velocities = dynamics::thermal_velocities(motion.masses, 2 * options.temperature, random);
    dynamics::NveOptions run{dt, steps_of(options.settling, dt), std::move(observer)};
    return dynamics::run_nve(*trial.reference().calculator, std::move(motion), run).end;
}

}  // namespace

std::vector<NveResult> energy_drift_of(const Trial& trial, const NveOptions& options) {
    if (!(options.temperature > 0))
        throw InputError("the temperature must be positive, it is " + std::to_string(options.temperature) + " K");
    if (block_of(trial.crystal, options.atoms).size() < 2)
        throw InputError("molecular dynamics needs two atoms at least", {}, "ask for a larger cell");
    const double dt = time_step(options, dynamics::atomic_masses(trial.crystal).front());
    const long steps = steps_of(options.time, dt), before = steps_of(options.settling, dt);
    if (steps < 20)
        throw InputError("a drift cannot be had from " + std::to_string(steps) + " steps", {}, "ask for a longer time than 20 time steps");
    const double total = static_cast<double>(before) + static_cast<double>(steps) * static_cast<double>(trial.variants.size());
    double done = 0;
    const auto report = [&](const std::string& detail) {
        return [&trial, &done, total, detail](long) { trial.progress.update({"dynamics", ++done, total, detail}); };
    };
    const auto start = settled(trial, options, dt, report("settling"));
    const double freedom = 3 * static_cast<double>(start.masses.size()) - 3;
    std::vector<NveResult> results;
    for (const auto& variant : trial.variants) {
        const auto run = dynamics::run_nve(*variant.calculator, start, {dt, steps, report(variant.name)});
        const auto drift = dynamics::energy_drift(run.samples, start.masses.size());
        double kinetic = 0;
        for (const auto& s : run.samples) kinetic += s.kinetic / static_cast<double>(run.samples.size());
        results.push_back(
            {start.masses.size(), dt, 2 * kinetic / (freedom * units::boltzmann), drift.value, drift.standard_error, drift.fluctuation});
    }
    return results;
}

}  // namespace alkali::properties::precision
