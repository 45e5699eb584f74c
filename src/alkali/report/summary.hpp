#pragma once
#include <string>
#include <vector>

#include "alkali/report/source.hpp"

namespace alkali::report {

/// A plain-text table for a terminal: one row per name, one column per folder with records; "-" where a folder lacks the record,
/// "failed" where it could not be computed. The unit of a row stands in its cells where folders differ in it. A warning tells names that
/// no folder has.
[[nodiscard]] std::string summary(std::vector<Source> sources, const std::vector<std::string>& names, base::LogSink& log);

}  // namespace alkali::report
