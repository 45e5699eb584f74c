#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alkali::io {

/// A key and its value as text, without quotes and escapes.
using KeyValue = std::pair<std::string, std::string>;

/// The key=value pairs of an extended XYZ comment line, by the rules of ASE: values in "", '', {} or [] (nested too),
/// a backslash takes the next character as it is, a key alone means T.
[[nodiscard]] std::vector<KeyValue> parse_header(std::string_view line);
/// key=value as ASE reads it back: quoted and escaped where needed.
[[nodiscard]] std::string format_pair(std::string_view key, std::string_view value);
/// The words of a value that is an array: separated by white space, commas or brackets.
[[nodiscard]] std::vector<std::string_view> array_words(std::string_view value);

}  // namespace alkali::io
