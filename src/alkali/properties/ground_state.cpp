#include "alkali/properties/ground_state.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/relax.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::properties {
namespace {

using structure::Structure;

double start_lattice_constant(Study& study) {
    const auto& start = study.options("lattice").at("start");
    if (!start.is_null()) return start.get<double>();
    const double expected = expected_lattice_constant(study.crystal());
    if (study.calculator().noisy() && expected > 0) return expected;
    if (study.calculator().noisy())
        throw InputError("a scan over all distances is too dear for this calculator", study.calculator().name(),
                         "give a lattice constant with --set lattice.start=...");
    return scan_lattice_constant(study.calculator(), study.crystal());
}

dynamics::RelaxOptions shape_only() {
    dynamics::RelaxOptions options;
    options.freedom.cell = dynamics::CellFreedom::shape;
    options.fmax = 1e-4;
    options.stress_tolerance = 1e-6;
    return options;
}

/// Cubic cells of one element have nothing to relax at a given volume; others have their shape.
std::pair<Structure, double> at_volume(Study& study, const Structure& cell, double volume) {
    Structure scaled = structure::with_volume(cell, volume);
    if (study.crystal().system() == LatticeSystem::cubic) {
        const double energy = study.calculator().compute(scaled).energy;
        return {std::move(scaled), energy};
    }
    auto relaxed =
        dynamics::relax_or_throw(study.calculator(), scaled, shape_only(), study.calculator().name() + ", cell shape at constant volume");
    return {std::move(relaxed.structure), relaxed.result.energy};
}

double volume_per_atom(const Structure& s) { return s.cell.volume() / static_cast<double>(s.size()); }

/// A fit of the crystal's energies; what makes it fail is told of the calculator and the crystal.
template <class Fit>
EquationOfState fitted(Study& study, Fit fit, const std::vector<EnergyVolume>& curve) {
    try {
        return fit(curve);
    } catch (const ConvergenceError& error) {
        throw ConvergenceError(error.fault(),
                               fmt::format("{}, {} {} about {:.4g} angstrom^3/atom", study.calculator().name(), study.crystal().name(),
                                           study.crystal().symbol(), curve[curve.size() / 2].volume),
                               "give a lattice constant with --set lattice.start=..., a wider --set equation_of_state.range=..., or "
                               "another crystal with --structure");
    }
}

/// Repeats the series about its own minimum, so that the result does not depend on where the scan began.
void fit_minimum(Study& study, GroundState& state, double first_a) {
    const auto& options = study.options("equation_of_state");
    const double range = options.at("range").get<double>(), tolerance = study.calculator().noisy() ? 1e-2 : 1e-5;
    const int points = options.at("points").get<int>(), most = 12;
    Structure centre = study.crystal().make(first_a);
    double shift = 1;
    for (int pass = 0; pass < most; ++pass) {
        study.progress("equation of state", pass, most);
        state.curve = energy_volume_curve(study, centre, range, points);
        state.birch_murnaghan = fitted(study, fit_birch_murnaghan, state.curve);
        shift = std::abs(state.birch_murnaghan.volume / volume_per_atom(centre) - 1);
        centre = at_volume(study, centre, state.birch_murnaghan.volume * static_cast<double>(centre.size())).first;
        if (shift < tolerance) break;
    }
    study.progress("equation of state", most, most);
    if (shift > 1e-2)
        throw ConvergenceError("the minimum of E(V) does not settle", study.calculator().name(),
                               "is the energy smooth there? look at a wider range with --set equation_of_state.range=...");
    if (shift > 10 * tolerance) study.log().warning(fmt::format("the minimum of E(V) settles to {:.1e} of its volume only", shift));
    state.at_minimum = std::move(centre);
    state.vinet = fitted(study, fit_vinet, state.curve);
}

void relax_to_zero_stress(Study& study, GroundState& state) {
    dynamics::RelaxOptions options;
    options.freedom.cell =
        study.crystal().system() == LatticeSystem::cubic ? dynamics::CellFreedom::isotropic : dynamics::CellFreedom::full;
    options.fmax = 1e-4;
    options.stress_tolerance = study.calculator().noisy() ? 1e-5 : 1e-8;
    options.max_steps = 60;
    auto relaxed = dynamics::relax(study.calculator(), state.at_minimum, options);
    constexpr double poor = 1e-5;  // 1.6 MPa: below 1e-4 of the lattice constant of the softest metals
    const bool good = relaxed.last.max_stress <= std::max(poor, options.stress_tolerance) && relaxed.last.max_force <= 100 * options.fmax;
    if (!relaxed.converged && !good)
        throw ConvergenceError(fmt::format("the cell keeps a stress of {:.1e} eV/angstrom^3 and a force of {:.1e} eV/angstrom",
                                           relaxed.last.max_stress, relaxed.last.max_force),
                               study.calculator().name(), "is the energy smooth there? another start: --set lattice.start=...");
    state.residual_stress = relaxed.last.max_stress;
    state.stress_free = std::move(relaxed.structure);
}

}  // namespace

std::vector<EnergyVolume> energy_volume_curve(Study& study, const Structure& centre, double range, int points) {
    study.calculator().fix_sampling(centre);
    std::vector<EnergyVolume> curve;
    const double count = static_cast<double>(centre.size());
    for (int k = 0; k < points; ++k) {
        const double volume = centre.cell.volume() * (1 + range * (2.0 * k / (points - 1) - 1));
        curve.push_back({volume / count, at_volume(study, centre, volume).second / count});
    }
    return curve;
}

GroundState find_ground_state(Study& study) {
    GroundState state;
    fit_minimum(study, state, start_lattice_constant(study));
    relax_to_zero_stress(study, state);
    return state;
}

}  // namespace alkali::properties
