#include "alkali/report/property_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "alkali/report/text.hpp"

namespace alkali::report {

namespace {

struct Entry {
    std::string_view quantity, label, section;
    Rank rank = Rank::main;
};

// In the order of the table. A record's longest matching quantity wins; the rest of its name (method, facet,
// temperature) is added in brackets.
constexpr std::array entries{
    Entry{"a0", "Lattice constant <i>a</i><sub>0</sub>", "Lattice and equation of state"},
    Entry{"a0_zero_stress", "<i>a</i><sub>0</sub> at zero stress", "Lattice and equation of state"},
    Entry{"a0_vinet", "<i>a</i><sub>0</sub>, Vinet", "Lattice and equation of state", Rank::detail},
    Entry{"c0", "Lattice constant <i>c</i><sub>0</sub>", "Lattice and equation of state"},
    Entry{"c0_zero_stress", "<i>c</i><sub>0</sub> at zero stress", "Lattice and equation of state"},
    Entry{"volume", "Volume per atom", "Lattice and equation of state", Rank::detail},
    Entry{"cohesive_energy", "Cohesive energy", "Lattice and equation of state"},
    Entry{"energy_per_atom", "Energy per atom", "Lattice and equation of state", Rank::detail},
    Entry{"bulk_modulus", "Bulk modulus <i>B</i>", "Lattice and equation of state"},
    Entry{"bulk_modulus_vinet", "<i>B</i>, Vinet", "Lattice and equation of state", Rank::detail},
    Entry{"bulk_modulus_derivative", "<i>B</i>′ = d<i>B</i>/d<i>p</i>", "Lattice and equation of state"},
    Entry{"bulk_modulus_derivative_vinet", "<i>B</i>′, Vinet", "Lattice and equation of state", Rank::detail},
    Entry{"C11", "<i>C</i><sub>11</sub>", "Elastic constants"},
    Entry{"C12", "<i>C</i><sub>12</sub>", "Elastic constants"},
    Entry{"C13", "<i>C</i><sub>13</sub>", "Elastic constants"},
    Entry{"C33", "<i>C</i><sub>33</sub>", "Elastic constants"},
    Entry{"C44", "<i>C</i><sub>44</sub>", "Elastic constants"},
    Entry{"C66", "<i>C</i><sub>66</sub>", "Elastic constants"},
    // The paper calls the difference C', textbooks half of it: the row is called by what it is.
    Entry{"C_prime", "<i>C</i><sub>11</sub> − <i>C</i><sub>12</sub> = 2 <i>C</i>′", "Elastic constants"},
    Entry{"bulk_modulus_voigt", "<i>B</i>, Voigt", "Elastic constants", Rank::detail},
    Entry{"bulk_modulus_reuss", "<i>B</i>, Reuss", "Elastic constants", Rank::detail},
    Entry{"bulk_modulus_hill", "<i>B</i>, Hill", "Elastic constants", Rank::detail},
    Entry{"shear_modulus_voigt", "<i>G</i>, Voigt", "Elastic constants", Rank::detail},
    Entry{"shear_modulus_reuss", "<i>G</i>, Reuss", "Elastic constants", Rank::detail},
    Entry{"shear_modulus_hill", "<i>G</i>, Hill", "Elastic constants"},
    Entry{"youngs_modulus", "Young’s modulus <i>E</i>", "Elastic constants"},
    Entry{"poisson_ratio", "Poisson’s ratio <i>ν</i>", "Elastic constants"},
    Entry{"zener_anisotropy", "Zener anisotropy", "Elastic constants"},
    Entry{"universal_anisotropy", "Universal anisotropy", "Elastic constants"},
    Entry{"elastic_stability", "Smallest eigenvalue of <i>C</i>", "Elastic constants", Rank::detail},
    Entry{"vacancy_formation_energy", "Vacancy formation energy", "Point defects"},
    Entry{"interstitial_energy", "Interstitial energy", "Point defects"},
    Entry{"surface_energy", "Surface energy", "Surfaces"},
    Entry{"wulff_weighted_surface_energy", "Wulff-weighted surface energy", "Surfaces"},
    Entry{"wulff_fraction", "Share of the Wulff shape", "Surfaces"},
    Entry{"adsorption_energy", "Adsorption energy", "Adatoms"},
    Entry{"diffusion_barrier", "Diffusion barrier", "Adatoms"},
    Entry{"step_edge_barrier", "Step-edge barrier", "Adatoms"},
    Entry{"ehrlich_schwoebel_barrier", "Ehrlich–Schwoebel barrier", "Adatoms"},
    Entry{"phonon_frequency", "Phonon frequency", "Phonons"},
};

/// What `alkali properties` computes, by the record that stands for each and the starts of all that it gives.
struct Given {
    std::string_view property, main;
    std::array<std::string_view, 14> starts;
};
constexpr std::array given{
    Given{"lattice", "a0", {"a0", "c0"}},
    Given{"equation_of_state",
          "bulk_modulus",
          {"bulk_modulus", "bulk_modulus_derivative", "bulk_modulus_vinet", "bulk_modulus_derivative_vinet", "volume", "energy_per_atom"}},
    Given{"elastic",
          "C11",
          {"C11", "C12", "C13", "C33", "C44", "C66", "C_prime", "bulk_modulus_", "shear_modulus", "youngs_modulus", "poisson_ratio",
           "zener_anisotropy", "universal_anisotropy", "elastic_stability"}},
    Given{"vacancy", "vacancy_formation_energy", {"vacancy_formation_energy"}},
};

bool stands_for(std::string_view quantity, std::string_view name) {
    return name == quantity || (name.starts_with(quantity) && name.size() > quantity.size() && name[quantity.size()] == '_');
}

}  // namespace

std::string main_record(const std::string& property) {
    const auto* at = std::find_if(given.begin(), given.end(), [&](const Given& one) { return one.property == property; });
    return at == given.end() ? std::string() : std::string(at->main);
}

std::string property_of(const std::string& record_name) {
    for (const auto& one : given)
        for (const auto start : one.starts)
            if (!start.empty() && (record_name == start || (one.property != "equation_of_state" && record_name.starts_with(start))))
                return std::string(one.property);
    return {};
}

PropertyName property_name(const std::string& record_name) {
    const Entry* best = nullptr;
    for (const auto& entry : entries)
        if (stands_for(entry.quantity, record_name) && (!best || entry.quantity.size() > best->quantity.size())) best = &entry;
    if (!best) return {escape(record_name), "Others", static_cast<int>(entries.size()), Rank::main};
    std::string label(best->label);
    Rank rank = best->rank;
    if (record_name.size() > best->quantity.size()) {
        std::string rest = record_name.substr(best->quantity.size() + 1);
        std::replace(rest.begin(), rest.end(), '_', ' ');
        if (rest == "energy" || rest == "unrelaxed") rank = Rank::detail;  // another method for the same number
        label += " <span class=\"variant\">(" + escape(rest) + ")</span>";
    }
    return {label, std::string(best->section), static_cast<int>(best - entries.data()), rank};
}

}  // namespace alkali::report
