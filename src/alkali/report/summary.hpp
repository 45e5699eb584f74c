#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace alkali::report {

/// A plain-text table for a terminal: one row per named record that any folder has, one column per folder with records;
/// "-" where a folder lacks it, "failed" where it could not be computed. Errors: as load_source().
[[nodiscard]] std::string summary(const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& names);

}  // namespace alkali::report
