#include "alkali/properties/study.hpp"

#include "alkali/config/config.hpp"
#include "alkali/properties/ground_state.hpp"
#include "alkali/properties/registry.hpp"

namespace alkali::properties {
namespace {

nlohmann::json provenance_of(const calculator::Calculator& calculator, const Settings& settings) {
    nlohmann::json provenance = settings.provenance;
    provenance["calculator"] = calculator.name();
    for (const auto& [key, value] : calculator.provenance()) provenance[key] = value;
    return provenance;
}

}  // namespace

Study::Study(calculator::Calculator& calculator, const Settings& settings, base::LogSink& log, base::ProgressSink& progress)
    : calculator_(calculator),
      log_(log),
      progress_(progress),
      options_(config::check_json(settings.options, property_options(), "property options", log)),
      provenance_(provenance_of(calculator, settings)),
      crystal_(settings.crystal, element_for(calculator, settings.species)) {}

const GroundState& Study::ground_state() {
    if (!ground_state_) ground_state_ = find_ground_state(*this);
    return *ground_state_;
}

records::Record Study::record(nlohmann::json value, std::string unit, nlohmann::json settings) const {
    settings["species"] = crystal_.symbol();
    settings["structure"] = crystal_.name();
    return {std::move(value), std::move(unit), std::nullopt, std::move(settings), provenance_};
}

}  // namespace alkali::properties
