#include <array>
#include <cmath>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/relax.hpp"
#include "alkali/properties/property.hpp"
#include "alkali/properties/study.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::properties {
namespace {

std::array<int, 3> supercell_of(const nlohmann::json& option) {
    const auto counts = option.get<std::vector<int>>();
    if (counts.size() == 1) return {counts[0], counts[0], counts[0]};
    if (counts.size() != 3) throw InputError("the supercell needs 1 or 3 numbers", "vacancy.supercell");
    return {counts[0], counts[1], counts[2]};
}

/// E(N-1 atoms) - (N-1)/N E(N atoms), cell fixed at the crystal's own lattice constant.
records::Records run(Study& study) {
    const auto& options = study.options("vacancy");
    const auto counts = supercell_of(options.at("supercell"));
    const auto perfect = structure::repeated(study.ground_state().at_minimum, counts);
    if (perfect.size() < 2) throw InputError("a vacancy needs a cell of two atoms at least", "vacancy.supercell");
    auto& calculator = study.calculator();
    calculator.fix_sampling(perfect);
    const double share = static_cast<double>(perfect.size() - 1) / static_cast<double>(perfect.size());
    const double bulk = share * calculator.compute(perfect).energy;

    dynamics::RelaxOptions relaxation;
    relaxation.fmax = options.at("fmax").get<double>();
    double first_force = 0, unrelaxed = 0;
    relaxation.observer = [&](const dynamics::RelaxStep& step) {
        if (step.evaluations == 1) {
            first_force = step.max_force;
            unrelaxed = step.energy;
        }
        // Forces fall roughly by a constant factor from step to step, so their logarithm measures the way.
        const double way = std::log(std::max(first_force / relaxation.fmax, 1.0)),
                     left = std::log(std::max(step.max_force / relaxation.fmax, 1.0));
        study.progress("vacancy", way - std::min(left, way), way);
    };
    const auto relaxed =
        dynamics::relax_or_throw(calculator, structure::without_atom(perfect, 0), relaxation, calculator.name() + ", vacancy");

    const nlohmann::json settings = {{"supercell", counts},
                                     {"atoms", perfect.size() - 1},
                                     {"fmax", relaxation.fmax},
                                     {"evaluations", relaxed.last.evaluations},
                                     {"lattice_vectors", "fixed at a0 of the equation of state"}};
    records::Records out;
    out.set("vacancy_formation_energy", study.record(relaxed.result.energy - bulk, "eV", settings));
    out.set("vacancy_formation_energy_unrelaxed", study.record(unrelaxed - bulk, "eV", settings));
    return out;
}

}  // namespace

Property vacancy() {
    config::Options options;
    options.integers("supercell", "conventional cells along each vector").fallback({5, 5, 5}).at_least(1);
    options.number("fmax", "largest force left").unit("eV/angstrom").fallback(1e-3).above(0).at_most(0.1);
    return {"vacancy", "vacancy formation energy, relaxed in a fixed supercell", std::move(options), run};
}

}  // namespace alkali::properties
