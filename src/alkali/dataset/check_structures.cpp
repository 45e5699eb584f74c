#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::dataset {
namespace {

// Longest first-neighbour distance looked for, angstrom.
constexpr double reach = 4.0;

using Pair = std::pair<int, int>;  // atomic numbers, ascending

struct Shortest {
    double distance;
    std::size_t i, j;
};

// The shortest distance of each pair of species.
std::map<Pair, Shortest> shortest_distances(const structure::Structure& atoms) {
    std::map<Pair, Shortest> shortest;
    const auto list = structure::neighbour_list(atoms, reach);
    for (std::size_t i = 0; i < list.atoms(); ++i)
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            const auto j = static_cast<std::size_t>(list.neighbour[e]);
            const Pair pair = std::minmax(atoms.numbers[i], atoms.numbers[j]);
            const double distance = list.vector[e].norm();
            const auto [found, inserted] = shortest.try_emplace(pair, Shortest{distance, i, j});
            if (!inserted && distance < found->second.distance) found->second = {distance, i, j};
        }
    return shortest;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::string describe(const structure::Structure& atoms, const Shortest& s) {
    return fmt::format("atoms {} ({}) and {} ({}) are {:.3f} angstrom apart", s.i + 1, units::symbol(atoms.numbers[s.i]), s.j + 1,
                       units::symbol(atoms.numbers[s.j]), s.distance);
}

}  // namespace

std::string structure_key(const structure::Structure& atoms) {
    Sha256 hash;
    const auto add = [&](double value) {
        const auto rounded = static_cast<std::int64_t>(std::llround(std::clamp(value, -1e10, 1e10) * 1e6));
        hash.add({reinterpret_cast<const char*>(&rounded), sizeof rounded});
    };
    for (int i = 0; i < 9; ++i) add(atoms.cell.vectors()(i / 3, i % 3));
    for (const bool periodic : atoms.cell.periodic()) add(periodic ? 1 : 0);
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        add(atoms.numbers[i]);
        for (int c = 0; c < 3; ++c) add(atoms.positions[i][c]);
    }
    return hash.hex();
}

void check_structures(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    std::vector<std::map<Pair, Shortest>> shortest;
    std::map<Pair, std::vector<double>> all;
    for (const auto& frame : set.frames) {
        try {
            shortest.push_back(shortest_distances(frame.structure));
        } catch (const InputError& error) {  // a cell too small to have its images counted
            shortest.emplace_back();
            findings.push_back({Severity::error, "overlap", frame.where(), error.fault() + "; " + error.hint()});
        }
        for (const auto& [pair, s] : shortest.back()) all[pair].push_back(s.distance);
    }
    std::map<Pair, double> usual;
    for (auto& [pair, distances] : all) usual[pair] = median(std::move(distances));
    for (std::size_t f = 0; f < set.frames.size(); ++f)
        for (const auto& [pair, s] : shortest[f]) {
            const auto& frame = set.frames[f];
            if (s.distance < limits.overlap)
                findings.push_back(
                    {Severity::error, "overlap", frame.where(), describe(frame.structure, s) + "; check positions, cell and units"});
            else if (s.distance < limits.close * usual[pair])
                findings.push_back(
                    {Severity::warning, "overlap", frame.where(),
                     fmt::format("{}, the set's usual shortest distance is {:.3f}", describe(frame.structure, s), usual[pair])});
        }
}

void check_duplicates(const FrameSet& set, std::vector<Finding>& findings) {
    // Energies (eV/atom) nearer than this are the same label.
    constexpr double same_energy = 1e-5;
    std::map<std::string, std::size_t> seen;
    for (std::size_t f = 0; f < set.frames.size(); ++f) {
        const auto& frame = set.frames[f];
        const auto [first, is_new] = seen.try_emplace(structure_key(frame.structure), f);
        if (is_new) continue;
        const auto& other = set.frames[first->second];
        std::string text = "same structure as " + other.where();
        bool differs = false;
        if (frame.labels.energy && other.labels.energy) {
            const double difference = (*frame.labels.energy - *other.labels.energy) / static_cast<double>(frame.structure.size());
            differs = std::abs(difference) > same_energy;
            if (differs) text += fmt::format(", but its energy differs by {:.4g} meV/atom", 1000 * difference);
        }
        findings.push_back({differs ? Severity::error : Severity::warning, "duplicate", frame.where(), text});
    }
}

}  // namespace alkali::dataset
