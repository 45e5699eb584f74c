#include "alkali/dynamics/relax.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alkali/units/constants.hpp"

namespace alkali::dynamics {
namespace {

/// The enthalpy of a structure as a function of its coordinates; keeps the last evaluation's results.
class Enthalpy final : public Landscape {
public:
    Enthalpy(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options)
        : calculator_(calculator), options_(options), coordinates_(start, options.freedom) {}

    Point evaluate(const Eigen::VectorXd& x) override {
        structure_ = coordinates_.structure(x);
        result_ = calculator_.compute(structure_);
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
        return {coordinates_.without_completion(std::move(structure_)), std::move(result_), step_, converged};
    }

private:
    calculator::Calculator& calculator_;
    const RelaxOptions& options_;
    Coordinates coordinates_;
    structure::Structure structure_;
    calculator::Result result_;
    RelaxStep step_;
};

}  // namespace

RelaxResult relax(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options) {
    Enthalpy enthalpy(calculator, start, options);
    const auto minimiser = make_minimiser(options.method);
    Point point = enthalpy.evaluate(enthalpy.start());
    // From what is not finite no step leads anywhere.
    while (!point.converged && !enthalpy.exhausted() && std::isfinite(point.energy) && point.gradient.allFinite())
        point = minimiser->advance(enthalpy, point);
    // A line search may end on another point than it evaluated last.
    if (!point.converged) static_cast<void>(enthalpy.evaluate(point.x));
    return enthalpy.take(point.converged);
}

RelaxResult relax_or_throw(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options,
                           const std::string& what) {
    RelaxResult result = relax(calculator, start, options);
    if (!result.converged) throw out_of_steps(result, options, what);
    return result;
}

ConvergenceError out_of_steps(const RelaxResult& result, const RelaxOptions& options, const std::string& what) {
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
