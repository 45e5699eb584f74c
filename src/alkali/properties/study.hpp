#pragma once
#include <optional>

#include "alkali/base/log.hpp"
#include "alkali/properties/crystal.hpp"
#include "alkali/properties/equation_of_state/fit.hpp"
#include "alkali/records/record.hpp"

namespace alkali::properties {

/// What the caller chooses for all properties together.
struct Settings {
    std::string species{};                                 ///< empty: the calculator's only one
    std::string crystal = "bcc";                           ///< sc, bcc, fcc, diamond, hcp
    nlohmann::json options = nlohmann::json::object();     ///< per property: {"vacancy": {"supercell": [4, 4, 4]}}
    nlohmann::json provenance = nlohmann::json::object();  ///< added to every record: version, command
};

/// The crystal at rest, shared by all properties.
struct GroundState {
    structure::Structure at_minimum;   ///< conventional cell at the volume of the fitted E(V) minimum
    structure::Structure stress_free;  ///< conventional cell relaxed to zero stress
    double residual_stress = 0;        ///< eV/angstrom^3, largest component left in it
    std::vector<EnergyVolume> curve;   ///< per atom
    EquationOfState birch_murnaghan, vinet;
};

/// One single (not committee) calculator applied to one crystal.
class Study {
public:
    /// Errors: InputError for an unknown element, crystal or option.
    Study(calculator::Calculator& calculator, const Settings& settings, base::LogSink& log, base::ProgressSink& progress);

    [[nodiscard]] calculator::Calculator& calculator() { return calculator_; }
    [[nodiscard]] const Crystal& crystal() const { return crystal_; }
    [[nodiscard]] base::LogSink& log() { return log_; }
    void progress(std::string_view task, double done, double total) { progress_.update({task, done, total, {}}); }
    /// Checked options of a property, complete with defaults.
    [[nodiscard]] const nlohmann::json& options(const std::string& property) const { return options_.at(property); }
    /// Computed once, when first asked for. Errors: ConvergenceError, InputError (a noisy calculator without a start).
    [[nodiscard]] const GroundState& ground_state();
    /// A record with this study's provenance; element and crystal are added to the settings.
    [[nodiscard]] records::Record record(nlohmann::json value, std::string unit, nlohmann::json settings = nlohmann::json::object()) const;

private:
    calculator::Calculator& calculator_;
    base::LogSink& log_;
    base::ProgressSink& progress_;
    nlohmann::json options_, provenance_;
    Crystal crystal_;
    std::optional<GroundState> ground_state_;
};

}  // namespace alkali::properties
