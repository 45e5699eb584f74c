#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/molecular_dynamics.hpp"
#include "alkali/labelling/seeds/seeds.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling {

void snapshot_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds) {
    if (options.at("calculator").is_null()) return;
    if (!source.calculator) throw InputError("snapshots need a calculator", "snapshots.calculator");
    const auto& settings = seeds.settings();
    const int runs = options.at("runs").get<int>(), count = options.at("count").get<int>();
    const double dt = options.at("dt").get<double>();
    const auto steps_in = [&](const char* key) { return std::lround(1000 * options.at(key).get<double>() / dt); };
    const auto names = options.at("structures").get<std::vector<std::string>>();
    const auto sizes = options.at("cells").get<std::vector<int>>();
    const auto temperatures = options.at("temperatures").get<std::vector<double>>();
    const double low = options.at("volumes").at(0).get<double>(), high = options.at("volumes").at(1).get<double>();
    const double total = static_cast<double>(names.size() * sizes.size() * temperatures.size()) * runs;
    double done = 0;
    for (const auto& name : names)
        for (const int cells : sizes) {
            const auto crystal = seed_crystal(settings, name, cells);
            if (crystal.size() > settings.most_atoms)
                throw InputError(
                    fmt::format("{} cells of {} are {} atoms, {} are allowed", cells, name, crystal.size(), settings.most_atoms),
                    "snapshots.cells");
            for (const double temperature : temperatures)
                for (int run = 0; run < runs; ++run) {
                    const double scale = runs == 1 ? 0.5 * (low + high) : low + (high - low) * run / (runs - 1);
                    dynamics::Motion motion;
                    motion.structure = structure::with_volume(crystal, scale * crystal.cell.volume());
                    motion.masses = dynamics::atomic_masses(motion.structure);
                    // Half of the kinetic energy becomes vibration while the crystal settles.
                    motion.velocities = dynamics::thermal_velocities(motion.masses, 2 * temperature, source.random);
                    dynamics::VelocityVerlet verlet(*source.calculator, std::move(motion), dt);
                    long steps = steps_in("settle_ps");
                    for (int k = 0; k < count; ++k, steps = steps_in("interval_ps")) {
                        for (long s = 0; s < steps; ++s) verlet.step();
                        auto snapshot = verlet.motion().structure;
                        for (Vec3& r : snapshot.positions) r = snapshot.cell.wrap(r);
                        seeds.add(fmt::format("{}_{:.0f}K", name, temperature), crystal, std::move(snapshot));
                    }
                    ++done;
                    if (source.progress) source.progress->update({"snapshots", done, total, ""});
                }
        }
}

}  // namespace alkali::labelling
