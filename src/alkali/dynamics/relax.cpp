#include "alkali/dynamics/relax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

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

/// What an evaluation found.
struct Evaluated {
    Eigen::VectorXd x;
    structure::Structure structure;
    calculator::Result result;
    RelaxStep step;
};

/// The enthalpy of a structure as a function of its coordinates; keeps the results of the evaluations since forget().
class Enthalpy final : public Landscape {
public:
    Enthalpy(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options)
        : calculator_(calculator), options_(options), coordinates_(start, options.freedom) {}

    Point evaluate(const Eigen::VectorXd& x) override {
        Evaluated now = evaluations_ == 0 ? begin(x) : go_on(x);
        now.x = x;
        now.step = {++evaluations_, coordinates_.enthalpy(now.structure, now.result), coordinates_.max_force(now.result),
                    coordinates_.max_stress(now.result)};
        if (options_.observer) options_.observer(now.step);
        const bool converged = now.step.max_force <= options_.fmax && now.step.max_stress <= options_.stress_tolerance;
        Point point{x, now.step.energy, coordinates_.gradient(x, now.structure, now.result), converged};
        kept_.push_back(std::move(now));
        return point;
    }
    /// All evaluations but the last.
    void forget() {
        if (!kept_.empty()) kept_.erase(kept_.begin(), kept_.end() - 1);
    }
    void limit_step(Eigen::VectorXd& step) const override { coordinates_.limit_step(step, options_.max_displacement); }
    [[nodiscard]] bool exhausted() const override { return evaluations_ >= options_.max_steps; }
    [[nodiscard]] Eigen::VectorXd start() const { return coordinates_.start(); }
    /// What was found at a point that was evaluated since forget(): a line search may end on another than its last.
    [[nodiscard]] RelaxResult take(const Point& point) {
        const auto at = std::find_if(kept_.rbegin(), kept_.rend(), [&](const Evaluated& each) { return each.x == point.x; });
        return taken(at == kept_.rend() ? kept_.back() : *at, point.converged);
    }
    [[nodiscard]] RelaxResult take_last() { return taken(kept_.back(), false); }

private:
    [[nodiscard]] RelaxResult taken(Evaluated& one, bool converged) {
        one.step.evaluations = evaluations_;
        return {coordinates_.without_completion(std::move(one.structure)), std::move(one.result), one.step, converged, {}};
    }
    [[nodiscard]] Evaluated begin(const Eigen::VectorXd& x) {
        Evaluated now;
        now.structure = coordinates_.structure(x);
        now.result = calculator_.compute(now.structure);
        volume_ = now.structure.cell.volume();
        near_from_the_start_ = has_atoms_on_one_another(now.structure);
        return now;
    }
    [[nodiscard]] Evaluated go_on(const Eigen::VectorXd& x) {
        try {
            auto structure = coordinates_.structure(x);
            const double change = volume_ > 0 ? structure.cell.volume() / volume_ : 1;
            if (change < 1 / most_volume_change || change > most_volume_change)
                throw RanAway{fmt::format("the volume came to {:.2g} times that of the start", change)};
            if (!near_from_the_start_ && has_atoms_on_one_another(structure))
                throw RanAway{fmt::format("atoms came nearer than {} angstrom", nearest_atoms)};
            Evaluated now;
            now.result = calculator_.compute(structure);
            now.structure = std::move(structure);
            return now;
        } catch (const InputError& error) {
            throw RanAway{fmt::format("it led to a structure that is refused ({})", error.what())};
        }
    }

    calculator::Calculator& calculator_;
    const RelaxOptions& options_;
    Coordinates coordinates_;
    std::vector<Evaluated> kept_;
    int evaluations_ = 0;
    double volume_ = 0;  ///< of the start
    bool near_from_the_start_ = false;
};

/// Where it came to.
Point minimise(Enthalpy& enthalpy, Minimiser& minimiser) {
    Point point = enthalpy.evaluate(enthalpy.start());
    // From what is not finite no step leads anywhere.
    while (!point.converged && !enthalpy.exhausted() && std::isfinite(point.energy) && point.gradient.allFinite()) {
        enthalpy.forget();
        point = minimiser.advance(enthalpy, point);
    }
    return point;
}

}  // namespace

RelaxResult relax(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options) {
    Enthalpy enthalpy(calculator, start, options);
    const auto minimiser = make_minimiser(options.method);
    try {
        return enthalpy.take(minimise(enthalpy, *minimiser));
    } catch (const RanAway& end) {
        RelaxResult result = enthalpy.take_last();
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
