#pragma once
#include <Eigen/Core>

#include "alkali/math/types.hpp"
#include "alkali/properties/crystal.hpp"

namespace alkali::properties {

/// Elastic constants in Voigt notation, order xx yy zz yz xz xy, engineering shear strains. Any unit of stress.
using ElasticTensor = Eigen::Matrix<double, 6, 6>;

/// Strain tensor of Voigt strains (e4 = 2 eps_yz, ...).
[[nodiscard]] Mat3 strain_of(const Eigen::Matrix<double, 6, 1>& voigt);
/// The tensor's mean over the operations of the lattice system: cubic 3, hexagonal (c along z) 5 independent constants.
[[nodiscard]] ElasticTensor symmetrised(const ElasticTensor& c, LatticeSystem system);
/// Polycrystal averages and measures of anisotropy.
struct Moduli {
    double bulk_voigt, bulk_reuss, bulk_hill;
    double shear_voigt, shear_reuss, shear_hill;
    double youngs, poisson;       ///< from the Hill averages
    double universal_anisotropy;  ///< Ranganathan and Ostoja-Starzewski, Phys. Rev. Lett. 101, 055504 (2008)
    double smallest_eigenvalue;   ///< of C in an orthonormal basis of strains: the crystal is stable (Born) if positive
};
/// Reuss averages of an unstable tensor have no meaning; they are given all the same, see smallest_eigenvalue.
[[nodiscard]] Moduli moduli(const ElasticTensor& c);

}  // namespace alkali::properties
