#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace alkali::config {

/// A YAML or JSON file of another program as plain values: unquoted words that are numbers, true, false or null become those
/// (YAML's .nan and .inf too), all else text. For files of up to 20 million values, which a Tree would not hold.
/// Errors: FileError naming `source` and the line (malformed, a key twice, more than 100 levels, too many values).
[[nodiscard]] nlohmann::json parse_document(const std::string& text, const std::string& source);

}  // namespace alkali::config
