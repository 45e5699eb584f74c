#include <fmt/format.h>

#include "alkali/properties/elastic/methods.hpp"
#include "alkali/properties/property.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::properties {
namespace {

using records::Records;

nlohmann::json rows(const ElasticTensor& c) {
    nlohmann::json out = nlohmann::json::array();
    for (int i = 0; i < 6; ++i) {
        nlohmann::json row = nlohmann::json::array();
        for (int j = 0; j < 6; ++j) row.push_back(c(i, j));
        out.push_back(row);
    }
    return out;
}

void add_constants(Study& study, const ElasticTensor& c, const nlohmann::json& settings, Records& out) {
    const auto gpa = [&](const char* name, double value) { out.set(name, study.record(value, "GPa", settings)); };
    gpa("C11", c(0, 0));
    gpa("C12", c(0, 1));
    gpa("C44", c(3, 3));
    if (study.crystal().system() == LatticeSystem::cubic) {
        gpa("C_prime", c(0, 0) - c(0, 1));
        out.set("zener_anisotropy", study.record(2 * c(3, 3) / (c(0, 0) - c(0, 1)), "1", settings));
    } else {
        gpa("C13", c(0, 2));
        gpa("C33", c(2, 2));
        gpa("C66", c(5, 5));
    }
}

void add_moduli(Study& study, const ElasticTensor& c, const nlohmann::json& settings, Records& out) {
    const Moduli m = moduli(c);
    const auto gpa = [&](const char* name, double value) { out.set(name, study.record(value, "GPa", settings)); };
    gpa("bulk_modulus_voigt", m.bulk_voigt);
    gpa("bulk_modulus_reuss", m.bulk_reuss);
    gpa("bulk_modulus_hill", m.bulk_hill);
    gpa("shear_modulus_voigt", m.shear_voigt);
    gpa("shear_modulus_reuss", m.shear_reuss);
    gpa("shear_modulus_hill", m.shear_hill);
    gpa("youngs_modulus", m.youngs);
    out.set("poisson_ratio", study.record(m.poisson, "1", settings));
    out.set("universal_anisotropy", study.record(m.universal_anisotropy, "1", settings));
    nlohmann::json stability = settings;
    stability["stable"] = m.smallest_eigenvalue > 0;
    stability["criterion"] = "Born: smallest eigenvalue of C in an orthonormal basis of strains is positive";
    out.set("elastic_stability", study.record(m.smallest_eigenvalue, "GPa", stability));
    if (m.smallest_eigenvalue <= 0)
        study.log().warning(fmt::format("{}: {} {} is elastically unstable (smallest eigenvalue {:.2f} GPa)", study.calculator().name(),
                                        study.crystal().name(), study.crystal().symbol(), m.smallest_eigenvalue));
}

/// C11 and C12 follow from their difference (orthorhombic curve) and B = (C11 + 2 C12)/3 of the E(V) curve.
void add_energy_method(Study& study, Records& out) {
    const auto& options = study.options("elastic");
    const auto curves = curves_by_energy(study, options.at("energy_range").get<double>(), options.at("energy_points").get<int>(),
                                         options.at("fmax").get<double>());
    constexpr double to_gpa = units::gpa_per_ev_per_angstrom3;
    const double difference = curves.orthorhombic.curvature * to_gpa, bulk = study.ground_state().birch_murnaghan.bulk_modulus * to_gpa;
    const nlohmann::json settings = {
        {"method", "energy along volume-conserving strains, fitted by E0 + V A x^2 + V Q x^4"},
        {"energy_range", options.at("energy_range")},
        {"energy_points", options.at("energy_points")},
        {"residual", {{"orthorhombic", curves.orthorhombic.residual}, {"monoclinic", curves.monoclinic.residual}}}};
    const auto gpa = [&](const char* name, double value) { out.set(name, study.record(value, "GPa", settings)); };
    gpa("C11_energy", bulk + 2.0 / 3 * difference);
    gpa("C12_energy", bulk - 1.0 / 3 * difference);
    gpa("C44_energy", 2 * curves.monoclinic.curvature * to_gpa);
    gpa("C_prime_energy", difference);
    out.set("zener_anisotropy_energy", study.record(4 * curves.monoclinic.curvature / curves.orthorhombic.curvature, "1", settings));
    const auto curve = [](const EnergyStrain& c) { return nlohmann::json{{"strain", c.strain}, {"energy", c.energy}}; };
    out.set("energy_strain_curves",
            study.record({{"orthorhombic", curve(curves.orthorhombic)}, {"monoclinic", curve(curves.monoclinic)}}, "eV/atom", settings));
}

Records run(Study& study) {
    const auto& options = study.options("elastic");
    const double step = !options.at("strain").is_null() ? options.at("strain").get<double>() : study.calculator().noisy() ? 0.02 : 0.005;
    const ElasticTensor full = tensor_by_stress(study, step, options.at("fmax").get<double>()) * units::gpa_per_ev_per_angstrom3;
    const ElasticTensor symmetric = symmetrised(full, study.crystal().system());
    const nlohmann::json settings = {{"method", "central stress differences about the zero-stress cell, relaxed ions"},
                                     {"strain", step},
                                     {"residual_stress", study.ground_state().residual_stress}};
    Records out;
    add_constants(study, symmetric, settings, out);
    add_moduli(study, symmetric, settings, out);
    nlohmann::json tensor_settings = settings;
    tensor_settings["order"] = "xx yy zz yz xz xy, before averaging over the crystal's symmetry";
    out.set("elastic_tensor", study.record(rows(full), "GPa", tensor_settings));
    if (study.crystal().system() == LatticeSystem::cubic) add_energy_method(study, out);
    return out;
}

}  // namespace

Property elastic() {
    config::Options options;
    // Below, differences of energies and stresses drown in the rounding of models that compute in single precision.
    options.number("strain", "Voigt strain of the stress differences (absent: 0.005, 0.02 where numbers are noisy)")
        .at_least(1e-4)
        .at_most(0.1);
    options.number("energy_range", "largest x of the energy-strain curves").fallback(0.03).at_least(1e-3).at_most(0.2);
    options.integer("energy_points", "points on each energy-strain curve").fallback(7).at_least(4).at_most(101);
    options.number("fmax", "largest force left on the ions of a strained cell").unit("eV/angstrom").fallback(1e-4).above(0).at_most(0.1);
    return {"elastic", "elastic constants by stress and by energy, moduli, anisotropy, stability", std::move(options), run};
}

}  // namespace alkali::properties
