#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "alkali/structure/structure.hpp"

namespace alkali::labelling {

/// {"cell": [9], "periodic": [3], "positions": [3N], "species": ["Li", ...]}, numbers exact; and back.
/// Errors: InputError for a number that is not finite; for JSON that is none of these.
[[nodiscard]] nlohmann::json to_json(const structure::Structure& structure);
[[nodiscard]] structure::Structure structure_from_json(const nlohmann::json& json, const std::string& where);

/// One text for equal values: keys sorted, no spaces, numbers in the shortest text that reads back the same (20 and 20.0,
/// 0 and -0 are one). Errors: InputError for a number that is not finite or a text that is not UTF-8.
[[nodiscard]] std::string canonical_text(const nlohmann::json& json);
/// SHA-256 of the canonical text.
[[nodiscard]] std::string content_hash(const nlohmann::json& json);
/// What a label is stored under: the content hash of {"settings", "structure"}. Any changed bit of a number changes it.
[[nodiscard]] std::string label_key(const nlohmann::json& settings, const structure::Structure& structure);

}  // namespace alkali::labelling
