#include <Eigen/Geometry>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/relax.hpp"
#include "alkali/properties/precision/precision.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::properties::precision {
namespace {

using structure::Structure;

/// The same crystal elsewhere and turned: the exact energy stays, every rounding is another one.
Structure moved(const Structure& s, base::Random& random) {
    Eigen::Quaterniond q(random.normal(), random.normal(), random.normal(), random.normal());
    const Mat3 rotation = q.normalized().toRotationMatrix();
    Vec3 shift;
    for (int k = 0; k < 3; ++k) shift[k] = random.uniform(-0.5, 0.5) * s.cell.vector(k).norm();
    Structure out = s;
    out.cell = structure::Cell(Mat3(s.cell.vectors() * rotation.transpose()), s.cell.periodic());
    for (auto& p : out.positions) p = rotation * (p + shift);
    return out;
}

/// eV per atom of the perfect crystal.
struct Bulk {
    double single = 0;           ///< as it stands
    double mean = 0, error = 0;  ///< over the motions, and the standard error of that
};

Bulk bulk_energy(calculator::Calculator& calculator, const Structure& crystal, const std::vector<Structure>& motions) {
    const auto atoms = static_cast<double>(crystal.size()), count = static_cast<double>(motions.size());
    Bulk bulk;
    bulk.single = calculator.compute(crystal).energy / atoms;
    std::vector<double> offsets;  // from `single`, so that small spreads keep their digits
    for (const auto& s : motions) offsets.push_back(calculator.compute(s).energy / atoms - bulk.single);
    double mean = 0, square = 0;
    for (const double x : offsets) mean += x / count;
    for (const double x : offsets) square += (x - mean) * (x - mean);
    bulk.mean = bulk.single + mean;
    bulk.error = std::sqrt(square / (count * (count - 1)));
    return bulk;
}

Structure stretched(const Structure& s, double stretch) { return structure::strained(s, stretch * Mat3::Identity()); }

/// How far the variants are from the reference in copies of one structure: (variants, copies), eV.
using Departures = std::vector<std::vector<double>>;

template <class Energy>
Departures departures(const Trial& trial, const std::vector<double>& stretches, const Energy& energy) {
    Departures out(trial.variants.size());
    for (const double stretch : stretches) {
        const double exact = energy(*trial.reference().calculator, stretch);
        for (std::size_t v = 0; v + 1 < out.size(); ++v) out[v].push_back(energy(*trial.variants[v].calculator, stretch) - exact);
        out.back().push_back(0);
    }
    return out;
}

double standard_deviation(const std::vector<double>& values) {
    const auto count = static_cast<double>(values.size());
    double mean = 0, square = 0;
    for (const double x : values) mean += x / count;
    for (const double x : values) square += (x - mean) * (x - mean);
    return std::sqrt(square / (count - 1));
}

/// Roundings of bulk energies per atom: as it stands and averaged over the motions.
struct BulkDepartures {
    Departures single, mean;
};

BulkDepartures bulk_departures(const Trial& trial, const std::vector<double>& stretches, const std::vector<Structure>& motions) {
    const auto atoms = static_cast<double>(trial.crystal.size());
    const auto single = [&](calculator::Calculator& calculator, double stretch) {
        return calculator.compute(stretched(trial.crystal, stretch)).energy / atoms;
    };
    const auto mean = [&](calculator::Calculator& calculator, double stretch) {
        double sum = 0;
        for (const auto& s : motions) sum += calculator.compute(stretched(s, stretch)).energy / atoms;
        return sum / static_cast<double>(motions.size());
    };
    return {departures(trial, stretches, single), departures(trial, stretches, mean)};
}

/// Of a formation energy whose cell of so many atoms and bulk depart like this.
double rounding_of(const std::vector<double>& cell, const std::vector<double>& bulk, double atoms) {
    std::vector<double> formation;
    for (std::size_t k = 0; k < cell.size(); ++k) formation.push_back(cell[k] - atoms * bulk[k]);
    return standard_deviation(formation);
}

Structure vacancy_cell(const Trial& trial, std::size_t atoms, const VacancyOptions& options) {
    Structure cell = structure::without_atom(block_of(trial.crystal, atoms + 1), 0);
    if (!options.relax) return cell;
    dynamics::RelaxOptions relaxation;
    relaxation.fmax = options.fmax;
    auto& calculator = *trial.reference().calculator;
    return dynamics::relax_or_throw(calculator, cell, relaxation, calculator.name() + ", vacancy in " + std::to_string(atoms) + " atoms")
        .structure;
}

}  // namespace

std::vector<std::vector<VacancyResult>> vacancy_energies(const Trial& trial, const VacancyOptions& options) {
    if (options.motions < 2)
        throw InputError("a mean over " + std::to_string(options.motions) + " motions has no spread", {}, "take 2 or more");
    if (options.copies < 2)
        throw InputError("a rounding cannot be told from " + std::to_string(options.copies) + " copies", {}, "take 2 or more");
    base::Random random(trial.seed);
    std::vector<Structure> motions;
    for (int k = 0; k < options.motions; ++k) motions.push_back(moved(trial.crystal, random));
    const auto count = trial.variants.size();
    std::vector<Bulk> bulk;
    for (const auto& variant : trial.variants) bulk.push_back(bulk_energy(*variant.calculator, trial.crystal, motions));

    std::vector<double> stretches;
    for (int k = 0; k < options.copies; ++k) stretches.push_back(options.stretch * random.uniform(-1, 1));
    const auto bulk_departure = bulk_departures(trial, stretches, motions);

    // Work grows with the atoms.
    double total = 0, done = 0;
    for (const auto atoms : options.atoms) total += static_cast<double>(atoms);
    std::vector<std::vector<VacancyResult>> results(count);
    for (const auto wanted : options.atoms) {
        if (block_of(trial.crystal, wanted + 1).size() < 2)
            throw InputError("a vacancy needs a cell of two atoms at least", {}, "ask for larger cells");
        trial.progress.update({"vacancies", done, total, std::to_string(wanted) + " atoms"});
        const Structure cell = vacancy_cell(trial, wanted, options);
        const auto atoms = static_cast<double>(cell.size());
        std::vector<double> energy;
        for (const auto& variant : trial.variants) energy.push_back(variant.calculator->compute(cell).energy);
        const auto departure = departures(trial, stretches, [&](calculator::Calculator& calculator, double stretch) {
            return calculator.compute(stretched(cell, stretch)).energy;
        });
        for (std::size_t v = 0; v < count; ++v) {
            const double averaged = energy[v] - atoms * bulk[v].mean, single = energy[v] - atoms * bulk[v].single;
            results[v].push_back({cell.size(), averaged, atoms * bulk[v].error, averaged - (energy.back() - atoms * bulk.back().mean),
                                  single - (energy.back() - atoms * bulk.back().single),
                                  rounding_of(departure[v], bulk_departure.mean[v], atoms),
                                  rounding_of(departure[v], bulk_departure.single[v], atoms)});
        }
        done += static_cast<double>(wanted);
    }
    trial.progress.update({"vacancies", total, total, {}});
    return results;
}

}  // namespace alkali::properties::precision
