#include <cmath>

#include "alkali/properties/property.hpp"
#include "alkali/properties/study.hpp"

namespace alkali::properties {
namespace {

double edge(const structure::Structure& cell, int i) { return cell.cell.vector(i).norm(); }

records::Records run(Study& study) {
    const auto& state = study.ground_state();
    nlohmann::json fitted = study.options("equation_of_state");
    fitted["fit"] = "third-order Birch-Murnaghan";
    fitted["residual"] = state.birch_murnaghan.residual;
    const nlohmann::json relaxed = {{"residual_stress", state.residual_stress}};
    records::Records out;
    out.set("a0", study.record(edge(state.at_minimum, 0), "angstrom", fitted));
    out.set("a0_zero_stress", study.record(edge(state.stress_free, 0), "angstrom", relaxed));
    if (study.crystal().system() == LatticeSystem::cubic) {
        const double ratio = std::cbrt(state.vinet.volume / state.birch_murnaghan.volume);
        nlohmann::json vinet = fitted;
        vinet["fit"] = "Vinet";
        vinet["residual"] = state.vinet.residual;
        out.set("a0_vinet", study.record(edge(state.at_minimum, 0) * ratio, "angstrom", vinet));
    } else {
        out.set("c0", study.record(edge(state.at_minimum, 2), "angstrom", fitted));
        out.set("c0_zero_stress", study.record(edge(state.stress_free, 2), "angstrom", relaxed));
    }
    return out;
}

}  // namespace

Property lattice() {
    config::Options options;
    options.number("start", "lattice constant from which the minimum is looked for (absent: found by a scan)")
        .unit("angstrom")
        .at_least(0.5)
        .at_most(100);
    return {"lattice", "lattice constant at the minimum of E(V) and at zero stress", std::move(options), run};
}

}  // namespace alkali::properties
