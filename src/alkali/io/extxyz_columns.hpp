#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/text.hpp"

namespace alkali::io {

/// Where the per-atom columns of an extended XYZ frame are, from its Properties. -1: not there.
struct Columns {
    int symbol = -1, number = -1, position = -1, forces = -1, energies = -1;
    int count = 0;                    ///< columns in all
    std::string forces_from;          ///< name of the property that is taken for forces
    std::vector<std::string> unused;  ///< names of the others
};

/// Errors: FileError for a malformed Properties text or one without species or pos.
/// forces_keys: names to look for, best first.
[[nodiscard]] Columns parse_columns(std::string_view properties, const std::vector<std::string>& forces_keys, const Place& place);

}  // namespace alkali::io
