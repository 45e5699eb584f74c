#include "alkali/models/kim/kim_units.hpp"

#include <array>
#include <span>
#include <string>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::models::kim {
namespace {

using Entry = std::pair<std::string_view, double>;

double look_up(std::span<const Entry> table, std::string_view unit, const char* kind) {
    for (const auto& [name, factor] : table)
        if (name == unit) return factor;
    throw InputError(std::string("the KIM model uses an unknown unit of ") + kind + " '" + std::string(unit) + "'");
}

constexpr double avogadro = 6.02214076e23;  // exact
constexpr double joule = 1.0 / units::elementary_charge;

}  // namespace

double length_in_angstrom(std::string_view unit) {
    static constexpr std::array<Entry, 5> table{{{"A", 1.0}, {"Bohr", units::bohr}, {"cm", 1e8}, {"m", 1e10}, {"nm", 10.0}}};
    return look_up(table, unit, "length");
}

double energy_in_ev(std::string_view unit) {
    static constexpr std::array<Entry, 6> table{{{"eV", 1.0},
                                                 {"Hartree", units::hartree},
                                                 {"kcal_mol", 4184.0 * joule / avogadro},
                                                 {"amu_A2_per_ps2", units::amu_angstrom2_per_fs2 * 1e-6},
                                                 {"J", joule},
                                                 {"erg", 1e-7 * joule}}};
    return look_up(table, unit, "energy");
}

}  // namespace alkali::models::kim
