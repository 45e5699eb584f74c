#pragma once
#include <cstddef>
#include <string_view>

namespace alkali::labelling {

/// Where the '>' is that ends the tag in which `at` is: values in quotes may hold others. npos: nowhere.
[[nodiscard]] inline std::size_t end_of_tag(std::string_view text, std::size_t at) {
    char quote = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (quote == 0 && c == '>') return at;
        if (quote != 0 ? c == quote : c == '"' || c == '\'') quote = quote != 0 ? '\0' : c;
    }
    return std::string_view::npos;
}

}  // namespace alkali::labelling
