#pragma once
#include <string>
#include <string_view>

#include "alkali/io/text.hpp"

// Names of elements as VASP's files spell them.
namespace alkali::io {

/// The letters that a word begins with, its element if it is one: "Li_sv", "H1.25", "Li/0123ab", "Fe2+".
[[nodiscard]] std::string_view element_part(std::string_view word);

/// Deuterium and tritium.
[[nodiscard]] constexpr bool is_hydrogen_isotope(std::string_view symbol) { return symbol == "D" || symbol == "T"; }

/// Symbol in the title of a pseudopotential, such as "PAW_PBE Li_sv 10Sep2004", "US Li", "H 1/r potential"; empty: none.
[[nodiscard]] std::string_view element_of_title(std::string_view title);

/// Atomic number of a symbol that VASP printed. It cuts "Zr" to "r" and "Xe" to "X" in places.
[[nodiscard]] int vasp_element(std::string_view symbol, const Place& place);

}  // namespace alkali::io
