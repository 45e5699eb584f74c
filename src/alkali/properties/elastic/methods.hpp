#pragma once
#include <vector>

#include "alkali/properties/elastic/tensor.hpp"
#include "alkali/properties/study.hpp"

namespace alkali::properties {

/// Central differences of the stress about the zero-stress cell at Voigt strains +-step, ions relaxed; symmetrised as a
/// matrix. eV/angstrom^3. The columns that lattice symmetry makes equal are left out for noisy (dear) calculators.
[[nodiscard]] ElasticTensor tensor_by_stress(Study& study, double step, double fmax);

/// Energies along one strain path about the E(V) minimum.
struct EnergyStrain {
    std::vector<double> strain;  ///< x
    std::vector<double> energy;  ///< eV per atom
    double curvature = 0;        ///< A of E = E0 + V A x^2 + V Q x^4, eV/angstrom^3
    double residual = 0;         ///< root mean square deviation, eV per atom
};
/// The paper's curves (Phuthi et al. 2023), both at constant volume: orthorhombic e1 = -e2 = x, e3 = x^2/(1 - x^2) gives
/// A = C11 - C12; monoclinic e4 = x (= 2 eps_yz), e1 = x^2/(4 - x^2) gives A = C44/2. Both are even in x for cubic
/// crystals, so x >= 0 only.
struct EnergyStrainCurves {
    EnergyStrain orthorhombic, monoclinic;
};
[[nodiscard]] EnergyStrainCurves curves_by_energy(Study& study, double range, int points, double fmax);

}  // namespace alkali::properties
