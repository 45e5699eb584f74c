#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/dataset/check_parts.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::dataset {
namespace {

// Longest first-neighbour distance looked for, angstrom.
constexpr double reach = 4.0;
// Energies (eV/atom) nearer than this are the same label.
constexpr double same_energy = 1e-5;

}  // namespace

void DistanceCheck::see(std::uint32_t row, const Frame& frame, std::vector<Finding>& findings) {
    const auto& atoms = frame.structure;
    structure::NeighbourList list;
    try {
        list = structure::neighbour_list(atoms, reach);
    } catch (const InputError& error) {  // a cell too small to have its images counted
        findings.push_back({Severity::error, "overlap", frame.where(), error.fault() + "; " + error.hint()});
        return;
    }
    std::map<Pair, Shortest> shortest;
    for (std::size_t i = 0; i < list.atoms(); ++i)
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            const auto j = static_cast<std::size_t>(list.neighbour[e]);
            const Pair pair = std::minmax(atoms.numbers[i], atoms.numbers[j]);
            const bool swapped = atoms.numbers[i] != pair.first;
            const Shortest here{static_cast<float>(list.vector[e].norm()), static_cast<std::uint32_t>(swapped ? j : i),
                                static_cast<std::uint32_t>(swapped ? i : j), row};
            const auto [found, inserted] = shortest.try_emplace(pair, here);
            if (!inserted && here.distance < found->second.distance) found->second = here;
        }
    for (const auto& [pair, s] : shortest) shortest_[pair].push_back(s);
}

void DistanceCheck::conclude(const Places& places, const CheckLimits& limits, std::vector<Finding>& findings) const {
    struct Near {
        Shortest shortest;
        Pair pair;
        float usual;
    };
    std::vector<Near> near;
    for (const auto& [pair, all] : shortest_) {
        std::vector<float> distances;
        distances.reserve(all.size());
        for (const auto& s : all) distances.push_back(s.distance);
        const float usual = math::median(std::move(distances));
        for (const auto& s : all)
            if (s.distance < limits.overlap || s.distance < limits.close * usual) near.push_back({s, pair, usual});
    }
    std::stable_sort(near.begin(), near.end(), [](const Near& a, const Near& b) { return a.shortest.row < b.shortest.row; });
    for (const auto& [s, pair, usual] : near) {
        const std::string text = fmt::format("atoms {} ({}) and {} ({}) are {:.3f} angstrom apart", s.i + 1, units::symbol(pair.first),
                                             s.j + 1, units::symbol(pair.second), s.distance);
        if (s.distance < limits.overlap)
            findings.push_back({Severity::error, "overlap", places.where(s.row), text + "; check positions, cell and units"});
        else
            findings.push_back({Severity::warning, "overlap", places.where(s.row),
                                fmt::format("{}, the set's usual shortest distance is {:.3f}", text, usual)});
    }
}

void DuplicateCheck::see(std::uint32_t row, const Frame& frame) {
    prints_.push_back(fingerprint_of(frame.structure));
    seen_.push_back({frame.labels.energy.value_or(std::nan("")) / static_cast<double>(frame.structure.size()), row});
}

void DuplicateCheck::conclude(const Places& places, std::vector<Finding>& findings) {
    const auto first = first_of_the_same(prints_);
    for (std::size_t k = 0; k < seen_.size(); ++k) {
        if (first[k] == k) continue;
        const auto &seen = seen_[k], &other = seen_[first[k]];
        std::string text = "same structure as " + places.where(other.row);
        const double difference = seen.energy - other.energy;
        const bool differs = std::abs(difference) > same_energy;
        if (differs) text += fmt::format(", but its energy differs by {:.4g} meV/atom", 1000 * difference);
        findings.push_back({differs ? Severity::error : Severity::warning, "duplicate", places.where(seen.row), text});
    }
}

}  // namespace alkali::dataset
