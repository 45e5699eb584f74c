#include "alkali/labelling/seeds/seeds.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling {
namespace {

/// Lattice constant of a crystal with this volume per atom.
double lattice_constant(const std::string& name, double volume) {
    const auto unit = structure::crystal(name, "X", 1.0);
    return std::cbrt(volume * static_cast<double>(unit.size()) / unit.cell.volume());
}

}  // namespace

void SeedList::add(const std::string& type, const structure::Structure& reference, structure::Structure seed) {
    if (seed.size() > settings_.most_atoms)
        throw InternalError(fmt::format("a seed of {} atoms, {} are allowed", seed.size(), settings_.most_atoms), type);
    structure::Frame frame;
    frame.structure = std::move(seed);
    frame.index = frames_.size();
    frame.info["config_type"] = type;
    if (settings_.k_mesh) {
        const auto mesh = settings_.k_mesh(reference);
        frame.info["k_mesh"] = fmt::format("{} {} {}", mesh[0], mesh[1], mesh[2]);
    }
    frames_.push_back(std::move(frame));
}

structure::Structure seed_crystal(const SeedSettings& settings, const std::string& name, int cells) {
    const double a = lattice_constant(name, settings.volume);
    if (cells == 0) return structure::crystal(name, settings.symbol, a, structure::CellKind::primitive);
    return structure::repeated(structure::crystal(name, settings.symbol, a), {cells, cells, cells});
}

Mat3 seed_axes(const SeedSettings& settings, const std::string& name) { return seed_crystal(settings, name, 1).cell.vectors(); }

Mat3 random_strain(double most, base::Random& random) {
    Mat3 strain;
    for (int i = 0; i < 3; ++i)
        for (int j = i; j < 3; ++j) strain(i, j) = strain(j, i) = random.uniform(-most, most);
    return strain - Mat3::Identity() * (strain.trace() / 3);
}

int most_cells(const SeedSettings& settings, const std::string& name) {
    const auto atoms = structure::crystal(name, settings.symbol, 1.0).size();
    int cells = 0;
    while (atoms * static_cast<std::size_t>((cells + 1) * (cells + 1) * (cells + 1)) <= settings.most_atoms) ++cells;
    return cells;
}

SeedSettings seed_settings(const nlohmann::json& config) {
    SeedSettings settings;
    settings.symbol = config.at("species").get<std::string>();
    settings.crystal = config.at("structure").get<std::string>();
    const auto cell = structure::crystal(settings.crystal, settings.symbol, config.at("a0").get<double>());
    settings.volume = cell.cell.volume() / static_cast<double>(cell.size());
    settings.most_atoms = config.at("most_atoms").get<std::size_t>();
    return settings;
}

std::vector<structure::Frame> make_seeds(const nlohmann::json& config, const SeedSettings& settings, calculator::Calculator* calculator,
                                         base::ProgressSink* progress) {
    SeedList seeds(settings);
    // Each family draws from a stream of its own, so that a change of one leaves the others as they were.
    std::uint64_t stream = config.at("seed").get<std::uint64_t>() * 1000;
    const auto family = [&](const char* key, auto make) {
        base::Random random(++stream);
        SeedSource source{random, calculator, progress};
        make(config.at(key), source, seeds);
    };
    family("crystals", crystal_seeds);
    family("defects", defect_seeds);
    family("surfaces", surface_seeds);
    family("liquid", liquid_seeds);
    family("snapshots", snapshot_seeds);
    return seeds.take();
}

}  // namespace alkali::labelling
