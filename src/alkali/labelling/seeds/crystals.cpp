#include <fmt/format.h>

#include "alkali/labelling/seeds/seeds.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling {

void crystal_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds) {
    const auto& settings = seeds.settings();
    const double low = options.at("volumes").at(0).get<double>(), high = options.at("volumes").at(1).get<double>();
    const int points = options.at("volume_points").get<int>(), count = options.at("count").get<int>();
    for (const auto& name : options.at("structures").get<std::vector<std::string>>()) {
        const auto primitive = seed_crystal(settings, name, 0);
        for (int p = 0; p < points && primitive.size() <= settings.most_atoms; ++p) {
            const double scale = points == 1 ? 1.0 : low + (high - low) * p / (points - 1);
            seeds.add(name + "_volume", primitive, structure::with_volume(primitive, scale * primitive.cell.volume()));
        }
        for (const int cells : options.at("cells").get<std::vector<int>>()) {
            const auto cell = seed_crystal(settings, name, cells);
            if (cell.size() > settings.most_atoms) continue;
            for (int k = 0; k < count; ++k) {
                const double volume = source.random.uniform(low, high) * cell.cell.volume();
                const auto deformed = structure::strained(structure::with_volume(cell, volume),
                                                          random_strain(options.at("strain").get<double>(), source.random));
                seeds.add(name + "_strained", cell, structure::rattled(deformed, options.at("rattle").get<double>(), source.random));
            }
        }
    }
}

}  // namespace alkali::labelling
