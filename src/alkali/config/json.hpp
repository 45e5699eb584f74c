#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

/// The one border where JSON becomes values and values become JSON; tests/architecture refuses another.
namespace alkali::config {

/// How much of a JSON text is believed: lists and maps inside each other, and values in all.
struct JsonLimits {
    std::size_t levels = 100;
    std::size_t values = 20'000'000;
};

/// Errors: FileError naming `source` (malformed, a key twice, beyond the limits). The time grows with the length of the text.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, const std::string& source, const JsonLimits& limits = {});

/// The text of a value, on one line (indent -1) or indented. Never fails: bytes that are not UTF-8, as names of files may hold, become
/// U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::json& value, int indent = -1);

[[nodiscard]] bool is_utf8(const std::string& text);

}  // namespace alkali::config
