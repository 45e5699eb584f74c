#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/labelling/seeds/seeds.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::labelling {
namespace {

double nearest_distance(const structure::Structure& crystal) {
    const double reach = 2 * std::cbrt(crystal.cell.volume() / static_cast<double>(crystal.size()));
    double least = reach;
    for (const Vec3& r : structure::neighbour_list(crystal, reach).vector) least = std::min(least, r.norm());
    return least;
}

/// Pushes atoms apart until no two are nearer than `closest`: steepest descent on harmonic overlaps.
bool push_apart(structure::Structure& packing, double closest) {
    constexpr int most_sweeps = 5000;
    // The aim lies a little beyond, so that it is reached in finitely many sweeps.
    const double aim = 1.03 * closest;
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
        const auto list = structure::neighbour_list(packing, aim);
        std::vector<Vec3> move(packing.size(), Vec3::Zero());
        double least = aim;
        for (std::size_t i = 0; i < packing.size(); ++i)
            for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
                const double d = list.vector[e].norm();
                least = std::min(least, d);
                if (d > 0) move[i] -= 0.25 * (aim - d) / d * list.vector[e];
            }
        if (least >= closest) return true;
        for (std::size_t i = 0; i < packing.size(); ++i) packing.positions[i] = packing.cell.wrap(packing.positions[i] + move[i]);
    }
    return false;
}

}  // namespace

void liquid_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds) {
    const auto& settings = seeds.settings();
    const int count = options.at("count").get<int>();
    if (count == 0) return;
    const auto asked = options.at("atoms").get<std::size_t>(), atoms = asked > 0 ? asked : settings.most_atoms;
    if (atoms > settings.most_atoms) throw InputError("more atoms than most_atoms", "liquid.atoms");
    const auto crystal = seed_crystal(settings, settings.crystal, 1);
    const double closest = options.at("closest").get<double>() * nearest_distance(crystal);
    for (int k = 0; k < count; ++k) {
        const double scale = source.random.uniform(options.at("volumes").at(0).get<double>(), options.at("volumes").at(1).get<double>());
        structure::Structure packing;
        packing.cell = structure::Cell::cubic(std::cbrt(scale * static_cast<double>(atoms) * settings.volume));
        for (std::size_t i = 0; i < atoms; ++i)
            packing.add(crystal.numbers[0],
                        packing.cell.to_cartesian({source.random.uniform(), source.random.uniform(), source.random.uniform()}));
        if (!push_apart(packing, closest))
            throw InputError("no packing found with atoms that far apart", "liquid.closest", "lower it, or raise the volumes");
        seeds.add("liquid", structure::with_volume(packing, static_cast<double>(atoms) * settings.volume), packing);
    }
}

}  // namespace alkali::labelling
