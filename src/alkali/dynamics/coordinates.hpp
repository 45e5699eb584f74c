#pragma once
#include <Eigen/Core>
#include <array>
#include <optional>
#include <vector>

#include "alkali/calculator/calculator.hpp"

namespace alkali::dynamics {

/// Which changes of the cell are free. Of a slab or wire only those within its repeating directions: three components or one,
/// area or length in place of volume.
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
    /// Cell vectors that keep their length (vacuum); those that do not repeat always do.
    std::array<bool, 3> held{};
};

/// Unknowns of a relaxation: x = (reference positions, scaled symmetric strain S). With F = 1 + S the structure is
/// r = F x, cell row a = F a0; for CellFreedom::shape F is divided by det(F)^(1/3). F stays symmetric, so the cell never
/// rotates. Where cell vectors are held, S = P S P with the projector P on the span of the d others, F = 1 + S is divided by
/// det(F)^(1/d) within that span, and normal to it nothing changes. The target is the enthalpy H = E + p V.
/// S is scaled by sqrt(N) (V/N)^(1/3), which gives strain and displacements curvatures of the same size
/// (V C against k of a bond), so that one step length suits both.
class Coordinates {
public:
    /// Errors: InputError when the mask has the wrong size; when a free cell has no vector that may change, or has one that may not
    /// and is under pressure.
    Coordinates(structure::Structure reference, Freedom freedom);
    [[nodiscard]] Eigen::VectorXd start() const;
    /// Stress needs a volume: a free cell's missing vectors are given the atoms' extent as length (at least 3 angstrom) here...
    [[nodiscard]] structure::Structure structure(const Eigen::VectorXd& x) const;
    /// ... and are taken away again here.
    [[nodiscard]] structure::Structure without_completion(structure::Structure structure) const;
    /// E + p V in eV.
    [[nodiscard]] double enthalpy(const structure::Structure& structure, const calculator::Result& result) const;
    /// dH/dx, zero for fixed unknowns.
    [[nodiscard]] Eigen::VectorXd gradient(const Eigen::VectorXd& x, const structure::Structure& structure,
                                           const calculator::Result& result) const;
    /// Largest force on a free atom, eV/angstrom; not finite where one is not. So is max_stress().
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
    void find_plane();
    void complete_cell();

    structure::Structure reference_;
    Freedom freedom_;
    std::array<std::optional<Vec3>, 3> missing_;  // vectors that complete_cell() replaced, as they were
    double scale_ = 1;                            // angstrom per unit strain
    int dimensions_ = 3;
    Mat3 plane_ = Mat3::Identity();  // projector on the cell vectors that may change
};

}  // namespace alkali::dynamics
