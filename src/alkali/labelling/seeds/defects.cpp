#include <array>

#include "alkali/base/error.hpp"
#include "alkali/labelling/seeds/seeds.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling {
namespace {

/// Where the extra atom goes, in conventional cells from the atom at the origin, and how far that atom gives way (dumbbells).
struct Interstitial {
    const char* name;
    Vec3 offset, push;
};

const std::array<Interstitial, 5>& interstitials() {
    static const std::array<Interstitial, 5> sites{{{"octahedral", {0.5, 0, 0}, {0, 0, 0}},
                                                    {"tetrahedral", {0.5, 0.25, 0}, {0, 0, 0}},
                                                    {"dumbbell_100", {0.35, 0, 0}, {-0.35, 0, 0}},
                                                    {"dumbbell_110", {0.22, 0.22, 0}, {-0.22, -0.22, 0}},
                                                    {"dumbbell_111", {0.18, 0.18, 0.18}, {-0.18, -0.18, -0.18}}}};
    return sites;
}

structure::Structure with_interstitial(const structure::Structure& crystal, const Mat3& axes, const Interstitial& site) {
    auto result = crystal;
    const Vec3 origin = crystal.positions[0];
    result.add(crystal.numbers[0], origin + axes.transpose() * site.offset);
    result.positions[0] = origin + axes.transpose() * site.push;
    return result;
}

}  // namespace

void defect_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds) {
    const auto& settings = seeds.settings();
    const int vacancies = options.at("vacancies").get<int>(), extra = options.at("interstitials").get<int>();
    if (vacancies + extra == 0) return;
    const int wanted = options.at("cells").get<int>(), largest = most_cells(settings, settings.crystal);
    const auto build = [&](std::size_t spare) {  // leaves room for `spare` more atoms
        int cells = wanted > 0 ? wanted : largest;
        if (wanted == 0 && cells > 1 && seed_crystal(settings, settings.crystal, cells).size() + spare > settings.most_atoms) --cells;
        auto crystal = cells > 0 ? seed_crystal(settings, settings.crystal, cells) : structure::Structure{};
        if (cells == 0 || crystal.size() < 2 || crystal.size() + spare > settings.most_atoms)
            throw InputError("most_atoms is too small for a cell with a defect", "defects", "raise most_atoms, or ask for none");
        return crystal;
    };
    const double low = options.at("volumes").at(0).get<double>(), high = options.at("volumes").at(1).get<double>();
    const auto deform = [&](const structure::Structure& s, double perfect) {
        const double scale = source.random.uniform(low, high);
        const auto scaled = structure::with_volume(s, scale * perfect);
        return structure::rattled(structure::strained(scaled, random_strain(options.at("strain").get<double>(), source.random)),
                                  options.at("rattle").get<double>(), source.random);
    };
    const Mat3 axes = seed_axes(settings, settings.crystal);
    for (int k = 0; k < vacancies; ++k) {
        const auto crystal = build(0);
        seeds.add("vacancy", crystal, deform(structure::without_atom(crystal, 0), crystal.cell.volume()));
    }
    for (int k = 0; k < extra; ++k) {
        const auto crystal = build(1);
        const auto& site = interstitials()[static_cast<std::size_t>(k) % interstitials().size()];
        seeds.add(std::string("interstitial_") + site.name, crystal, deform(with_interstitial(crystal, axes, site), crystal.cell.volume()));
    }
}

}  // namespace alkali::labelling
