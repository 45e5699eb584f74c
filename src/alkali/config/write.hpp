#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "alkali/config/options.hpp"

namespace alkali::config {

/// The values as YAML in the order of the description; null values are left out. Reading it back gives the same values.
[[nodiscard]] std::string to_yaml(const nlohmann::json& values, const Options& options);

/// The help text of every key: name, kind, default, unit, meaning, other names.
[[nodiscard]] std::string help_text(const Options& options);

/// JSON Schema (draft 2020-12) of the config, for editors.
[[nodiscard]] nlohmann::json json_schema(const Options& options, const std::string& title);

/// Dotted names of the values in which two configs differ, in alphabetical order.
[[nodiscard]] std::vector<std::string> differences(const nlohmann::json& a, const nlohmann::json& b);

}  // namespace alkali::config
