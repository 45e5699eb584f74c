#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/labelling/seeds/seeds.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/slab.hpp"

namespace alkali::labelling {
namespace {

/// "110", "1m10": one digit each, m before a negative one.
std::array<int, 3> miller_indices(const std::string& text) {
    std::array<int, 3> indices{};
    std::size_t found = 0;
    bool negative = false;
    for (const char c : text) {
        if (c == 'm' && !negative) {
            negative = true;
            continue;
        }
        if (std::isdigit(static_cast<unsigned char>(c)) == 0 || found == 3)
            throw InputError("'" + text + "' does not name a face", "surfaces.faces", "three digits, m before a negative one: 110, 1m10");
        indices[found++] = (negative ? -1 : 1) * (c - '0');
        negative = false;
    }
    if (found != 3 || negative)
        throw InputError("'" + text + "' does not name a face", "surfaces.faces", "three digits, m before a negative one: 110, 1m10");
    return indices;
}

/// In-plane strain only: the vacuum has no shape.
Mat3 in_plane(Mat3 strain) {
    strain.row(2).setZero();
    strain.col(2).setZero();
    return strain;
}

}  // namespace

void surface_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds) {
    const auto& settings = seeds.settings();
    const auto crystal = seed_crystal(settings, settings.crystal, 0);
    const Mat3 axes = seed_axes(settings, settings.crystal);
    const double rattle = options.at("rattle").get<double>();
    const auto deform = [&](const structure::Structure& s) {
        const Mat3 strain = in_plane(random_strain(options.at("strain").get<double>(), source.random));
        return structure::rattled(structure::strained(s, strain), rattle, source.random);
    };
    const auto thickest = [&](structure::SlabShape shape, std::size_t spare) {
        // Thinner where the face is too large: at least two planes.
        for (; shape.layers >= 2; --shape.layers)
            if (crystal.size() * static_cast<std::size_t>(shape.layers * shape.repeat[0] * shape.repeat[1]) + spare <= settings.most_atoms)
                return shape;
        throw InputError("most_atoms is too small for a slab", "surfaces", "raise most_atoms, or ask for smaller repeats");
    };
    const auto shape_of = [&](const std::string& face, const char* layers, const char* repeat) {
        const auto counts = options.at(repeat).get<std::vector<int>>();
        if (counts.size() != 2) throw InputError("two numbers are needed", std::string("surfaces.") + repeat);
        return structure::SlabShape{
            miller_indices(face), options.at(layers).get<int>(), {counts[0], counts[1]}, options.at("vacuum").get<double>()};
    };
    for (const auto& face : options.at("faces").get<std::vector<std::string>>()) {
        const int count = options.at("count").get<int>();
        if (count > 0) {
            const auto clean = structure::slab(crystal, axes, thickest(shape_of(face, "layers", "repeat"), 0));
            for (int k = 0; k < count; ++k) seeds.add("surface_" + face, clean, deform(clean));
        }
        for (const double coverage : options.at("coverages").get<std::vector<double>>())
            for (int k = 0; k < options.at("adatom_count").get<int>(); ++k) {
                auto shape = shape_of(face, "adatom_layers", "adatom_repeat");
                const auto sites_per_plane = crystal.size() * static_cast<std::size_t>(shape.repeat[0] * shape.repeat[1]);
                const auto wanted =
                    std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(coverage * static_cast<double>(sites_per_plane))));
                shape = thickest(shape, wanted);
                auto covered = structure::slab(crystal, axes, shape);
                const auto reference = covered;
                const auto sites = structure::next_layer(crystal, axes, shape);
                std::vector<std::size_t> order(sites.size());
                std::iota(order.begin(), order.end(), 0);
                source.random.shuffle(order);
                for (std::size_t s = 0; s < wanted; ++s) covered.add(sites.numbers[order[s]], sites.positions[order[s]]);
                seeds.add("adatoms_" + face, reference, deform(covered));
            }
    }
}

}  // namespace alkali::labelling
