#pragma once
#include <functional>
#include <span>
#include <utility>

#include "alkali/properties/registry.hpp"
#include "alkali/properties/study.hpp"

namespace alkali::properties {

/// What was computed, and which properties did not converge or records are no finite numbers (name, message). The latter, and records
/// that only some members of a committee have, are also the record `failures`.
struct Outcome {
    records::Records records;
    std::vector<std::pair<std::string, std::string>> failures;
};

/// Called with everything so far after each property.
using AfterProperty = std::function<void(const std::string& name, const records::Records& so_far)>;

/// Computes the chosen properties one after the other. A ConvergenceError ends its property only (and names the member of a committee).
/// A committee (Calculator::members() not empty) is asked member by member: a record's value is the mean of the members'
/// values, its uncertainty their sample standard deviation, and settings.members holds the single values; settings that differ are lists by
/// member. So an uncertainty is that of the property itself, not of an average potential.
[[nodiscard]] Outcome compute_properties(calculator::Calculator& calculator, std::span<const Property> chosen, const Settings& settings,
                                         base::LogSink& log, base::ProgressSink& progress, const AfterProperty& after = {});

/// Mean and spread of the records that all members have. Curves and tables are averaged element by element.
[[nodiscard]] records::Records combine_members(std::span<const records::Records> members);

}  // namespace alkali::properties
