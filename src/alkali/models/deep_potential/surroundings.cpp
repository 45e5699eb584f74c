#include "alkali/models/deep_potential/surroundings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "alkali/base/error.hpp"
#include "alkali/math/rounding.hpp"

namespace alkali::models::deep_potential {

std::string Eyes::key() const {
    const auto& h = architecture->hyper;
    const auto& d = h.descriptor;
    std::string key = fmt::format("deep_potential {} {} {}", static_cast<int>(d.type), d.type_one_side || d.radial_pairs, round_geometry);
    const auto add = [&](double value) { key += fmt::format(" {:x}", std::bit_cast<std::uint64_t>(value)); };
    for (const double value : {d.rcut, d.rcut_smth, d.env_protection}) add(value);
    for (const int sel : d.sel) key += fmt::format(" {}", sel);
    for (const auto& [first, second] : d.exclude_types) key += fmt::format(" {}-{}", first, second);
    for (const Normalisation& n : *normalisations)
        for (const double value : {n.mean, n.deviation, n.angular_deviation}) add(value);
    return key;
}

namespace {

[[noreturn]] void refuse_crowd(const Hyperparameters& hyper, int atom, int type, int count, const std::string& where) {
    const auto t = static_cast<std::size_t>(type);
    throw InputError(fmt::format("atom {} has {} neighbours of type {} within {} angstrom, and sel allows {}", atom + 1, count,
                                 hyper.type_names[t], hyper.descriptor.rcut, hyper.descriptor.sel[t]),
                     where + (where.empty() ? "" : ", ") + "model.descriptor.sel",
                     "the structure is denser than any the model was made for; give a larger sel and train again");
}

/// An edge as the model sees it.
Vec3 seen(const Vec3& vector, bool round_geometry) { return round_geometry ? math::rounded_to_float(vector) : vector; }

}  // namespace

void require_room_for_neighbours(const Architecture& architecture, bool round_geometry, const Graph& graph, const std::string& where) {
    const auto& hyper = architecture.hyper;
    std::vector<int> count(hyper.type_names.size());
    for (int atom = 0; atom < graph.num_local; ++atom) {
        std::fill(count.begin(), count.end(), 0);
        const auto i = static_cast<std::size_t>(atom);
        for (auto e = static_cast<std::size_t>(graph.first[i]); e < static_cast<std::size_t>(graph.first[i + 1]); ++e) {
            const auto type = static_cast<std::size_t>(graph.types[static_cast<std::size_t>(graph.neighbour[e])]);
            if (seen(graph.vector[e], round_geometry).norm() < hyper.descriptor.rcut) ++count[type];
        }
        for (std::size_t type = 0; type < count.size(); ++type)
            if (count[type] > hyper.descriptor.sel[type]) refuse_crowd(hyper, atom, static_cast<int>(type), count[type], where);
    }
}

void Surroundings::gather_atom(const Eyes& eyes, const Graph& graph, int atom) {
    const auto& hyper = eyes.architecture->hyper;
    const int types = hyper.types(), own = graph.types[static_cast<std::size_t>(atom)];
    const auto i = static_cast<std::size_t>(atom);
    const DescriptorKind kind = hyper.descriptor.type;
    for (int type = 0; type < types; ++type) {
        const int embedding = kind == DescriptorKind::se_e3 ? 0 : eyes.architecture->embedding(own, type);
        const Normalisation& normalisation = (*eyes.normalisations)[static_cast<std::size_t>(own * types + type)];
        const bool excluded = hyper.excluded(own, type);
        int count = 0;
        for (std::int64_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
            if (graph.types[static_cast<std::size_t>(graph.neighbour[static_cast<std::size_t>(e)])] != type) continue;
            const Vec3 vector = seen(graph.vector[static_cast<std::size_t>(e)], eyes.round_geometry);
            const double r = vector.norm();
            const bool inside = r < hyper.descriptor.rcut;
            if (inside) ++count;
            if (inside && !excluded)
                edges.push_back({e, embedding, look(hyper.descriptor, normalisation, r), vector, 1});
            else
                unseen.push_back(e);
        }
        const int most = hyper.descriptor.sel[static_cast<std::size_t>(type)];
        if (count > most) refuse_crowd(hyper, atom, type, count, {});
        counts.push_back(excluded ? 0 : count);
        // DeePMD-kit sums over sel places. Where nobody is, s = 0; where the neighbour is excluded, the normalised row is zero, which
        // counts in se_e2_r only.
        if (kind == DescriptorKind::se_e3 || hyper.silent(own, type)) continue;
        if (count < most) add_absent(embedding, normalisation.empty(), most - count);
        if (excluded && count > 0 && kind == DescriptorKind::se_e2_r) add_absent(embedding, 0, count);
    }
    first.push_back(static_cast<std::int32_t>(edges.size()));
}

void Surroundings::add_absent(int embedding, double x, int count) {
    SeenEdge none{-1, embedding, {}, Vec3::Zero(), static_cast<double>(count)};
    none.sight.x = x;
    edges.push_back(none);
}

void Surroundings::gather(const Eyes& eyes, const Graph& graph, std::span<const int> atoms) {
    first.assign(1, 0);
    edges.clear();
    counts.clear();
    unseen.clear();
    for (const int atom : atoms) gather_atom(eyes, graph, atom);
}

}  // namespace alkali::models::deep_potential
