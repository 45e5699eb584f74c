#include "alkali/properties/precision/precision.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "alkali/structure/builders.hpp"

namespace alkali::properties::precision {
namespace {

using records::Records;

/// Record made by one variant.
records::Record record_of(const Study& study, const Variant& variant, double value, std::string unit, nlohmann::json settings) {
    auto record = study.record(value, std::move(unit), std::move(settings));
    record.provenance["precision"] = variant.name;
    return record;
}

void add_path(const Study& study, const Trial& trial, const PathOptions& options, Records& out) {
    const auto results = energy_along_path(trial, options);
    for (std::size_t v = 0; v < results.size(); ++v) {
        const auto& variant = trial.variants[v];
        const auto& r = results[v];
        const nlohmann::json settings = {
            {"atoms", r.atoms},         {"points", options.points}, {"rattle", options.rattle},           {"reach", options.reach},
            {"degree", options.degree}, {"seed", trial.seed},       {"reference", trial.reference().name}};
        out.set("energy_noise_" + variant.name, record_of(study, variant, r.noise, "eV/atom", settings));
        if (v + 1 == results.size()) continue;
        out.set("energy_difference_" + variant.name, record_of(study, variant, r.energy_difference, "eV/atom", settings));
        out.set("force_difference_" + variant.name, record_of(study, variant, r.force_difference, "eV/angstrom", settings));
    }
}

/// An uncertainty of zero is none.
std::optional<double> estimated(double uncertainty) { return uncertainty > 0 ? std::optional(uncertainty) : std::nullopt; }

void add_vacancy(const Study& study, const Trial& trial, const VacancyOptions& options, Records& out) {
    const auto results = vacancy_energies(trial, options);
    for (std::size_t v = 0; v < results.size(); ++v) {
        const auto& variant = trial.variants[v];
        for (const auto& r : results[v]) {
            const nlohmann::json settings = {{"atoms", r.atoms},
                                             {"geometry", options.relax ? "relaxed by " + trial.reference().name : "unrelaxed"},
                                             {"motions", options.motions},
                                             {"motions_error", r.uncertainty},
                                             {"copies", options.copies},
                                             {"stretch", options.stretch},
                                             {"rounding", r.rounding},
                                             {"seed", trial.seed},
                                             {"reference", trial.reference().name}};
            const std::string name = variant.name + "_" + std::to_string(r.atoms);
            auto energy = record_of(study, variant, r.energy, "eV", settings);
            energy.uncertainty = estimated(r.error());
            out.set("vacancy_formation_energy_" + name, std::move(energy));
            if (v + 1 == results.size()) continue;
            auto difference = record_of(study, variant, 1e3 * r.difference, "meV", settings);
            difference.uncertainty = estimated(1e3 * r.error());
            out.set("vacancy_difference_" + name, std::move(difference));
            auto single = record_of(study, variant, 1e3 * r.single_difference, "meV", settings);
            single.uncertainty = estimated(1e3 * r.single_rounding);
            out.set("vacancy_difference_single_" + name, std::move(single));
        }
    }
}

void add_nve(const Study& study, const Trial& trial, const NveOptions& options, Records& out) {
    const auto results = energy_drift_of(trial, options);
    for (std::size_t v = 0; v < results.size(); ++v) {
        const auto& variant = trial.variants[v];
        const auto& r = results[v];
        const nlohmann::json settings = {{"atoms", r.atoms},
                                         {"dt", r.dt},
                                         {"time", options.time},
                                         {"settling", options.settling},
                                         {"temperature", r.temperature},
                                         {"integrator", "velocity Verlet"},
                                         {"seed", trial.seed}};
        auto drift = record_of(study, variant, 1e6 * r.drift, "ueV/atom/ps", settings);
        drift.uncertainty = estimated(1e6 * r.standard_error);
        out.set("nve_drift_" + variant.name, std::move(drift));
        out.set("nve_fluctuation_" + variant.name, record_of(study, variant, 1e6 * r.fluctuation, "ueV/atom", settings));
    }
}

}  // namespace

structure::Structure block_of(const structure::Structure& cell, std::size_t atoms) {
    // Edge of the cube, then whole cells along each vector (a hexagonal cell is longer along c).
    const double cells = static_cast<double>(std::max<std::size_t>(atoms, 1)) / static_cast<double>(cell.size());
    const double edge = std::cbrt(cells * cell.cell.volume());
    std::array<int, 3> counts{};
    for (int k = 0; k < 3; ++k)
        counts[static_cast<std::size_t>(k)] = std::max(1, static_cast<int>(std::lround(edge / cell.cell.vector(k).norm())));
    return structure::repeated(cell, counts);
}

Records measure(Study& study, std::span<const Variant> variants, const Options& options, base::ProgressSink& progress) {
    const Trial trial{variants, options.a0 > 0 ? study.crystal().make(options.a0) : study.ground_state().at_minimum, progress,
                      options.seed};
    Records out;
    if (options.with_path) add_path(study, trial, options.path, out);
    if (options.with_vacancy) add_vacancy(study, trial, options.vacancy, out);
    if (options.with_nve) add_nve(study, trial, options.nve, out);
    return out;
}

}  // namespace alkali::properties::precision
