#pragma once

/// Inside alkali: eV, angstrom, amu, fs, K. These factors are used at borders only.
/// Exact SI values (2019 redefinition) where the constant is exact, else CODATA 2018.
namespace alkali::units {

inline constexpr double elementary_charge = 1.602176634e-19;  ///< C, exact
inline constexpr double boltzmann = 8.617333262145e-5;        ///< eV/K, exact to the digits shown (k/e)
inline constexpr double hbar = 6.582119569509e-1;             ///< eV fs, exact to the digits shown
inline constexpr double bohr = 0.529177210903;                ///< angstrom, CODATA 2018
inline constexpr double rydberg = 13.605693122994;            ///< eV, CODATA 2018
inline constexpr double hartree = 2.0 * rydberg;              ///< eV
inline constexpr double amu = 1.66053906660e-27;              ///< kg, CODATA 2018
/// amu angstrom^2/fs^2 in eV: converts m v^2.
inline constexpr double amu_angstrom2_per_fs2 = amu * 1e10 / elementary_charge;

inline constexpr double gpa_per_ev_per_angstrom3 = 160.2176634;    ///< 1 eV/angstrom^3 in GPa, exact
inline constexpr double kbar_per_ev_per_angstrom3 = 1602.176634;   ///< in kbar
inline constexpr double bar_per_ev_per_angstrom3 = 1.602176634e6;  ///< in bar
inline constexpr double joule_per_m2_per_ev_per_angstrom2 = 16.02176634;

}  // namespace alkali::units
