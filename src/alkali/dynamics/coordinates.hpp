#pragma once
#include <Eigen/Core>
#include <vector>

#include "alkali/calculator/calculator.hpp"

namespace alkali::dynamics {

/// Which changes of the cell are free.
enum class CellFreedom {
    fixed,
    full,       ///< all six components of the symmetric deformation gradient
    isotropic,  ///< volume only
    shape,      ///< five components at constant volume
};

/// What is moved and under which load.
struct Freedom {
    CellFreedom cell = CellFreedom::fixed;
    double pressure = 0;            ///< eV/angstrom^3, positive compresses
    std::vector<bool> fixed_atoms;  ///< empty: all free. With a free cell fixed atoms keep their fractional coordinates
};

/// Unknowns of a relaxation: x = (reference positions, scaled symmetric strain S). With F = 1 + S the structure is
/// r = F x, cell row a = F a0; for CellFreedom::shape F is divided by det(F)^(1/3). F stays symmetric, so the cell never
/// rotates. The target is the enthalpy H = E + p V.
/// S is scaled by sqrt(N) (V/N)^(1/3), which gives strain and displacements curvatures of the same size
/// (V C against k of a bond), so that one step length suits both.
class Coordinates {
public:
    /// Errors: InputError when a free cell is not periodic in three directions or the mask has the wrong size.
    Coordinates(structure::Structure reference, Freedom freedom);
    [[nodiscard]] Eigen::VectorXd start() const;
    [[nodiscard]] structure::Structure structure(const Eigen::VectorXd& x) const;
    /// E + p V in eV.
    [[nodiscard]] double enthalpy(const structure::Structure& structure, const calculator::Result& result) const;
    /// dH/dx, zero for fixed unknowns.
    [[nodiscard]] Eigen::VectorXd gradient(const Eigen::VectorXd& x, const structure::Structure& structure,
                                           const calculator::Result& result) const;
    /// Largest force on a free atom, eV/angstrom.
    [[nodiscard]] double max_force(const calculator::Result& result) const;
    /// Largest component of the stress that the free part of the cell still feels, load included, eV/angstrom^3.
    [[nodiscard]] double max_stress(const calculator::Result& result) const;
    /// Shortens a step so that no atom moves and no strain component stretches by more than `limit` angstrom.
    void limit_step(Eigen::VectorXd& step, double limit) const;

private:
    [[nodiscard]] Eigen::Index atoms() const { return static_cast<Eigen::Index>(reference_.size()); }
    [[nodiscard]] bool free_cell() const { return freedom_.cell != CellFreedom::fixed; }
    [[nodiscard]] bool fixed(std::size_t atom) const { return !freedom_.fixed_atoms.empty() && freedom_.fixed_atoms[atom]; }
    [[nodiscard]] Mat3 raw_deformation(const Eigen::VectorXd& x) const;
    [[nodiscard]] Mat3 deformation(const Eigen::VectorXd& x) const;
    [[nodiscard]] Mat3 project(const Mat3& m) const;

    structure::Structure reference_;
    Freedom freedom_;
    double scale_ = 1;  // angstrom per unit strain
};

}  // namespace alkali::dynamics
