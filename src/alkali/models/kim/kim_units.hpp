#pragma once
#include <string_view>

namespace alkali::models::kim {

/// One KIM length unit ("A", "Bohr", "cm", "m", "nm") in angstrom; InputError for another name.
[[nodiscard]] double length_in_angstrom(std::string_view unit);
/// One KIM energy unit ("eV", "Hartree", "kcal_mol", "amu_A2_per_ps2", "J", "erg") in eV; InputError for another name.
[[nodiscard]] double energy_in_ev(std::string_view unit);

}  // namespace alkali::models::kim
