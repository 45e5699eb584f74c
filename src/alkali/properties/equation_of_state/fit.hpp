#pragma once
#include <span>
#include <vector>

namespace alkali::properties {

struct EnergyVolume {
    double volume = 0;  ///< angstrom^3 per atom
    double energy = 0;  ///< eV per atom
};

struct EquationOfState {
    double energy = 0;        ///< eV per atom at the minimum
    double volume = 0;        ///< angstrom^3 per atom at the minimum
    double bulk_modulus = 0;  ///< eV/angstrom^3
    double derivative = 0;    ///< dB/dp
    double residual = 0;      ///< root mean square deviation, eV per atom
};

/// Third-order Birch-Murnaghan: exactly a cubic polynomial in V^(-2/3), so a linear fit.
/// Errors: InputError for fewer than 5 points; ConvergenceError when the polynomial has no minimum.
[[nodiscard]] EquationOfState fit_birch_murnaghan(std::span<const EnergyVolume> points);
/// Vinet et al., J. Phys. C 19, L467 (1986); Gauss-Newton from the Birch-Murnaghan fit. Errors: as above.
[[nodiscard]] EquationOfState fit_vinet(std::span<const EnergyVolume> points);

/// The curves themselves, eV per atom.
[[nodiscard]] double birch_murnaghan_energy(const EquationOfState& eos, double volume);
[[nodiscard]] double vinet_energy(const EquationOfState& eos, double volume);

}  // namespace alkali::properties
