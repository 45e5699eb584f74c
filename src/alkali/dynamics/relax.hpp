#pragma once
#include <functional>

#include "alkali/base/error.hpp"
#include "alkali/calculator/calculator.hpp"
#include "alkali/dynamics/coordinates.hpp"
#include "alkali/dynamics/minimiser.hpp"

namespace alkali::dynamics {

/// Where a relaxation stands after an evaluation.
struct RelaxStep {
    int evaluations = 0;
    double energy = 0;      ///< eV, with p V when the cell is free
    double max_force = 0;   ///< eV/angstrom, over free atoms
    double max_stress = 0;  ///< eV/angstrom^3, load included; zero for a fixed cell
};

struct RelaxOptions {
    Method method = Method::lbfgs;
    Freedom freedom;
    double fmax = 1e-3;                              ///< eV/angstrom: largest force on a free atom
    double stress_tolerance = 1e-5;                  ///< eV/angstrom^3 (1.6 MPa): largest stress component beyond the load
    int max_steps = 1000;                            ///< energy evaluations
    double max_displacement = 0.2;                   ///< angstrom in one step
    std::function<void(const RelaxStep&)> observer;  ///< called after each evaluation, may be empty
};

struct RelaxResult {
    structure::Structure structure;
    calculator::Result result;  ///< of that structure
    RelaxStep last;
    bool converged = false;
    std::string ran_away;  ///< how it left everything that the calculator can be trusted with; empty where it did not
};

/// Moves atoms, cell or both to the nearest minimum of E + p V. `converged` tells whether both tolerances were reached;
/// otherwise the last structure is returned. It is given up, with the last sane structure, where the volume comes to less than a
/// third or more than three times the start's, where atoms that were not come nearer than 0.35 angstrom (half the shortest bond there
/// is), or where the calculator refuses a structure that it led to.
/// Errors: InputError for an impossible freedom; what the calculator throws.
[[nodiscard]] RelaxResult relax(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options = {});
/// The same, with a ConvergenceError that tells `what` was relaxed, how far it got and what to change.
[[nodiscard]] RelaxResult relax_or_throw(calculator::Calculator& calculator, const structure::Structure& start, const RelaxOptions& options,
                                         const std::string& what);
/// That error, for a result that did not converge: forces in eV/angstrom, stress in GPa.
[[nodiscard]] ConvergenceError not_converged(const RelaxResult& result, const RelaxOptions& options, const std::string& what);

}  // namespace alkali::dynamics
