#include "alkali/io/vasp_species.hpp"

#include <algorithm>
#include <cctype>

#include "alkali/units/elements.hpp"

namespace alkali::io {

std::string_view element_part(std::string_view word) {
    std::size_t letters = 0;
    while (letters < word.size() && std::isalpha(static_cast<unsigned char>(word[letters])) != 0) ++letters;
    return word.substr(0, letters);
}

std::string_view element_of_title(std::string_view title) {
    const auto words = split(title);
    for (std::size_t i = 0; i < std::min<std::size_t>(2, words.size()); ++i)
        if (const auto symbol = element_part(words[i]); units::is_symbol(symbol) && symbol != "X") return symbol;
    return {};
}

int vasp_element(std::string_view symbol, const Place& place) {
    if (symbol == "r") return units::atomic_number("Zr");
    if (symbol == "X") return units::atomic_number("Xe");
    const auto part = element_part(symbol);
    return element(part.empty() ? symbol : part, place);
}

}  // namespace alkali::io
