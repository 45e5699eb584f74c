#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alkali::io {

/// A key and its value as text, without quotes and escapes.
using KeyValue = std::pair<std::string, std::string>;

struct Header {
    std::vector<KeyValue> pairs;
    std::vector<std::size_t> words;  ///< numbers of the pairs that are a key alone
    std::string fault;               ///< a quote that is not closed, or that swallows other keys; empty: none
};

/// The key=value pairs of an extended XYZ comment line, by the rules of ASE: values in "", '', {} or [] (nested too),
/// a backslash takes the next character as it is, a key alone means T. A line without any = is a remark and has no fault.
[[nodiscard]] Header read_header(std::string_view line);
[[nodiscard]] std::vector<KeyValue> parse_header(std::string_view line);
/// key=value as ASE reads it back: quoted and escaped where needed.
[[nodiscard]] std::string format_pair(std::string_view key, std::string_view value);
/// The words of a value that is an array: separated by white space, commas or brackets; also of ASE's "_JSON [...]".
[[nodiscard]] std::vector<std::string_view> array_words(std::string_view value);

}  // namespace alkali::io
