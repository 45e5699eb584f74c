#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/text.hpp"

namespace alkali::io {

/// One entry of Properties.
struct Property {
    std::string name;
    char type;  ///< R, I, S or L
    int width;  ///< columns
    int first;  ///< number of its first column, from 0
};

/// Where the per-atom columns of an extended XYZ frame are, from its Properties. -1: not there.
struct Columns {
    int symbol = -1, number = -1, position = -1, energies = -1;
    int count = 0;                 ///< columns in all
    std::vector<Property> others;  ///< all others, forces among them
};

/// Names are recognised in any letter case. Errors: FileError for a malformed Properties text or one without species or pos.
[[nodiscard]] Columns parse_columns(std::string_view properties, const Place& place);

/// The column of a property with room for the atoms.
[[nodiscard]] structure::AtomColumn begin_column(const Property& property, std::size_t atoms);
/// Adds one atom's words. A word that the column's kind does not hold makes it one of text.
void add_words(structure::AtomColumn& column, std::span<const std::string_view> words);

}  // namespace alkali::io
