#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/dataset/check_parts.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/math/statistics.hpp"

namespace alkali::dataset {
namespace {

// Frames that the energies of the species are fitted to, and of each composition at least so many.
constexpr std::size_t most_kept = 40'000, least_kept = 4;

}  // namespace

void check_forces(const Frame& frame, const CheckLimits& limits, std::vector<Finding>& findings) {
    if (!frame.labels.forces) return;
    const auto& forces = *frame.labels.forces;
    Vec3 sum = Vec3::Zero();
    double largest = 0;
    std::size_t atom = 0;
    for (std::size_t i = 0; i < forces.size(); ++i) {
        sum += forces[i];
        if (forces[i].norm() > largest) largest = forces[i].norm(), atom = i;
    }
    if (!sum.allFinite()) return;  // reported as not finite
    const double per_atom = sum.norm() / static_cast<double>(forces.size());
    if (per_atom > limits.force_sum)
        findings.push_back({Severity::warning, "force-sum", frame.where(),
                            fmt::format("the forces add up to {:.3g} eV/angstrom ({:.3g} per atom) instead of zero; was the calculation "
                                        "converged, were atoms left out?",
                                        sum.norm(), per_atom)});
    if (largest > limits.large_force)
        findings.push_back(
            {Severity::warning, "outlier", frame.where(), fmt::format("the force on atom {} is {:.3g} eV/angstrom", atom + 1, largest)});
}

void EnergyCheck::see(std::uint32_t row, std::size_t source, const Frame& frame) {
    if (!frame.labels.energy || !std::isfinite(*frame.labels.energy)) return;
    std::map<int, int> counts;
    for (const int number : frame.structure.numbers) ++counts[number];
    const auto [found, is_new] = compositions_.try_emplace({counts.begin(), counts.end()}, static_cast<std::uint32_t>(frames_of_.size()));
    if (is_new) frames_of_.push_back(0);
    const auto composition = found->second;
    const double energy = *frame.labels.energy / static_cast<double>(frame.structure.size());
    seen_.push_back({energy, row, static_cast<std::uint32_t>(source), composition});
    keep(source, frame, composition);
}

void EnergyCheck::keep(std::size_t source, const Frame& frame, std::uint32_t composition) {
    const bool stays = ++frames_of_[composition] <= least_kept;
    if (!stays && seen_.size() % stride_ != 0) return;
    Frame& kept = kept_.frames.emplace_back();
    kept.structure.cell = frame.structure.cell;
    kept.structure.numbers = frame.structure.numbers;
    kept.labels.energy = frame.labels.energy;
    if (const auto& forces = frame.labels.forces; forces && !forces->empty()) {
        double sum = 0;
        for (const auto& force : *forces) sum += force.squaredNorm();
        kept.labels.forces = {Vec3::Constant(std::sqrt(sum / (3 * static_cast<double>(forces->size()))))};
    }
    kept.source = frame.source;
    kept.index = frame.index;
    kept_.source.push_back(source);
    number_.push_back(stays ? 0 : seen_.size());
    if (kept_.frames.size() > most_kept && compositions_.size() * least_kept < most_kept / 2) thin();
}

void EnergyCheck::thin() {
    stride_ *= 2;
    std::size_t left = 0;
    for (std::size_t i = 0; i < kept_.frames.size(); ++i) {
        if (number_[i] % stride_ != 0) continue;
        if (left != i) {
            kept_.frames[left] = std::move(kept_.frames[i]);
            kept_.source[left] = kept_.source[i];
            number_[left] = number_[i];
        }
        ++left;
    }
    kept_.frames.resize(left);
    kept_.source.resize(left);
    number_.resize(left);
}

// What the composition does not explain, eV/atom.
std::vector<double> EnergyCheck::deviations(const std::vector<std::string>& sources) {
    kept_.sources = sources;
    kept_.notes.resize(sources.size());
    const auto shifts = fit_shifts_per_source(kept_);
    std::vector<const std::vector<std::pair<int, int>>*> composition(compositions_.size());
    for (const auto& [counts, number] : compositions_) composition[number] = &counts;
    std::vector<double> result;
    result.reserve(seen_.size());
    for (const auto& seen : seen_) {
        double explained = 0;
        int atoms = 0;
        const auto& energies = shifts[seen.source].energies;
        for (const auto& [number, count] : *composition[seen.composition]) {
            atoms += count;
            if (const auto found = energies.find(number); found != energies.end()) explained += count * found->second;
        }
        result.push_back(seen.energy - explained / atoms);
    }
    return result;
}

void EnergyCheck::conclude(const std::vector<std::string>& sources, const Places& places, const CheckLimits& limits,
                           std::vector<Finding>& findings) {
    const auto rest = deviations(sources);
    for (std::size_t source = 0; source < sources.size(); ++source) {
        std::vector<double> values;
        for (std::size_t f = 0; f < rest.size(); ++f)
            if (seen_[f].source == source) values.push_back(rest[f]);
        const double centre = math::median(values);
        for (double& value : values) value = std::abs(value - centre);
        const double limit = std::max(limits.energy_deviation, limits.energy_sigmas * math::sigma_of_mad * math::median(std::move(values)));
        for (std::size_t f = 0; f < rest.size(); ++f)
            if (seen_[f].source == source && std::abs(rest[f] - centre) > limit)
                findings.push_back(
                    {Severity::warning, "outlier", places.where(seen_[f].row),
                     fmt::format("its energy lies {:+.3g} eV/atom from the middle of the set; is it converged, is its unit eV?",
                                 rest[f] - centre)});
    }
    check_energy_zeros(kept_, limits, findings);
}

}  // namespace alkali::dataset
