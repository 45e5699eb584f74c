#include "alkali/properties/property.hpp"
#include "alkali/properties/study.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::properties {
namespace {

nlohmann::json curve_value(const std::vector<EnergyVolume>& curve) {
    nlohmann::json volume = nlohmann::json::array(), energy = nlohmann::json::array();
    for (const auto& point : curve) {
        volume.push_back(point.volume);
        energy.push_back(point.energy);
    }
    return {{"volume", volume}, {"energy", energy}};
}

records::Records run(Study& study) {
    const auto& state = study.ground_state();
    const auto& bm = state.birch_murnaghan;
    const auto& vinet = state.vinet;
    nlohmann::json settings = study.options("equation_of_state");
    settings["fit"] = "third-order Birch-Murnaghan";
    settings["residual"] = bm.residual;
    nlohmann::json vinet_settings = settings;
    vinet_settings["fit"] = "Vinet";
    vinet_settings["residual"] = vinet.residual;
    records::Records out;
    out.set("bulk_modulus", study.record(bm.bulk_modulus * units::gpa_per_ev_per_angstrom3, "GPa", settings));
    out.set("bulk_modulus_derivative", study.record(bm.derivative, "1", settings));
    out.set("volume", study.record(bm.volume, "angstrom^3/atom", settings));
    out.set("energy_per_atom", study.record(bm.energy, "eV/atom", settings));
    out.set("bulk_modulus_vinet", study.record(vinet.bulk_modulus * units::gpa_per_ev_per_angstrom3, "GPa", vinet_settings));
    out.set("bulk_modulus_derivative_vinet", study.record(vinet.derivative, "1", vinet_settings));
    auto curve = curve_value(state.curve);
    settings["units"] = {{"volume", "angstrom^3/atom"}, {"energy", "eV/atom"}};
    out.set("equation_of_state_curve", study.record(std::move(curve), "eV/atom", settings));
    return out;
}

}  // namespace

Property equation_of_state() {
    config::Options options;
    options.number("range", "largest relative change of volume to either side").fallback(0.06).at_least(1e-3).at_most(0.3);
    options.integer("points", "number of volumes").fallback(11).at_least(5).at_most(101);
    return {"equation_of_state", "bulk modulus and its pressure derivative (Birch-Murnaghan, Vinet), E(V) curve", std::move(options), run};
}

}  // namespace alkali::properties
