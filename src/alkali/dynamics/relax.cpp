#include "alkali/dynamics/relax.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::dynamics {
namespace {

constexpr double most_volume_change = 3;
constexpr double nearest_atoms = 0.35;  // angstrom

/// Ends a relaxation from within a minimiser.
struct RanAway {
    std::string how;
};

bool has_atoms_on_one_another(const structure::Structure& structure) {
    return !structure::neighbour_list(structure, nearest_atoms).vector.empty();
}

/// The enthalpy of a structure as a function of its coordinates; keeps the last evaluation's results.
class Enthalpy final : public Landscape {
public:
    Enthalpy(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options)
        : calculator_(calculator), options_(options), coordinates_(start, options.freedom) {}

    Point evaluate(const Eigen::VectorXd& x) override {
        if (step_.evaluations == 0)
            begin(x);
        else
            go_on(x);
        ++step_.evaluations;
        step_.energy = coordinates_.enthalpy(structure_, result_);
        step_.max_force = coordinates_.max_force(result_);
        step_.max_stress = coordinates_.max_stress(result_);
        if (options_.observer) options_.observer(step_);
        const bool converged = step_.max_force <= options_.fmax && step_.max_stress <= options_.stress_tolerance;
        return {x, step_.energy, coordinates_.gradient(x, structure_, result_), converged};
    }
    void limit_step(Eigen::VectorXd& step) const override { coordinates_.limit_step(step, options_.max_displacement); }
    [[nodiscard]] bool exhausted() const override { return step_.evaluations >= options_.max_steps; }
    [[nodiscard]] Eigen::VectorXd start() const { return coordinates_.start(); }
    [[nodiscard]] RelaxResult take(bool converged) {
        return {coordinates_.without_completion(std::move(structure_)), std::move(result_), step_, converged, {}};
    }

private:
    void begin(const Eigen::VectorXd& x) {
        structure_ = coordinates_.structure(x);
        result_ = calculator_.compute(structure_);
        volume_ = structure_.cell.volume();
        near_from_the_start_ = has_atoms_on_one_another(structure_);
    }
    /// Structure and result stay the last ones where this fails.
    void go_on(const Eigen::VectorXd& x) {
        try {
            auto structure = coordinates_.structure(x);
            const double change = volume_ > 0 ? structure.cell.volume() / volume_ : 1;
            if (change < 1 / most_volume_change || change > most_volume_change)
                throw RanAway{fmt::format("the volume came to {:.2g} times that of the start", change)};
            if (!near_from_the_start_ && has_atoms_on_one_another(structure))
                throw RanAway{fmt::format("atoms came nearer than {} angstrom", nearest_atoms)};
            result_ = calculator_.compute(structure);
            structure_ = std::move(structure);
        } catch (const InputError& error) {
            throw RanAway{fmt::format("it led to a structure that is refused ({})", error.what())};
        }
    }

    calculator::Calculator& calculator_;
    const RelaxOptions& options_;
    Coordinates coordinates_;
    structure::Structure structure_;
    calculator::Result result_;
    RelaxStep step_;
    double volume_ = 0;  ///< of the start
    bool near_from_the_start_ = false;
};

/// Whether it converged.
bool minimise(Enthalpy& enthalpy, Minimiser& minimiser) {
    Point point = enthalpy.evaluate(enthalpy.start());
    // From what is not finite no step leads anywhere.
    while (!point.converged && !enthalpy.exhausted() && std::isfinite(point.energy) && point.gradient.allFinite())
        point = minimiser.advance(enthalpy, point);
    // A line search may end on another point than it evaluated last.
    if (!point.converged) static_cast<void>(enthalpy.evaluate(point.x));
    return point.converged;
}

}  // namespace

RelaxResult relax(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options) {
    Enthalpy enthalpy(calculator, start, options);
    const auto minimiser = make_minimiser(options.method);
    try {
        return enthalpy.take(minimise(enthalpy, *minimiser));
    } catch (const RanAway& end) {
        RelaxResult result = enthalpy.take(false);
        result.ran_away = end.how;
        return result;
    }
}

RelaxResult relax_or_throw(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options,
                           const std::string& what) {
    RelaxResult result = relax(calculator, start, options);
    if (!result.converged) throw not_converged(result, options, what);
    return result;
}

ConvergenceError not_converged(const RelaxResult& result, const RelaxOptions& options, const std::string& what) {
    if (!result.ran_away.empty())
        return ConvergenceError(fmt::format("the relaxation ran away: after {} evaluations {}", result.last.evaluations, result.ran_away),
                                what,
                                "the calculator is not to be trusted there: check it on such structures, or start nearer to a minimum");
    std::string reached = fmt::format("a largest force of {:.2e} eV/angstrom", result.last.max_force);
    std::string wanted = fmt::format("{:.1e} eV/angstrom", options.fmax);
    if (options.freedom.cell != CellFreedom::fixed) {
        constexpr double gpa = units::gpa_per_ev_per_angstrom3;
        reached += fmt::format(" and a largest stress of {:.2e} GPa", gpa * result.last.max_stress);
        wanted += fmt::format(" and {:.1e} GPa", gpa * options.stress_tolerance);
    }
    return ConvergenceError(fmt::format("the relaxation stopped after {} evaluations with {}", result.last.evaluations, reached), what,
                            fmt::format("wanted: {}; allow more steps or loosen the tolerances", wanted));
}

}  // namespace alkali::dynamics
