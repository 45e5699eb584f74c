#pragma once
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::io {

/// Where the columns of the section Atoms of a LAMMPS data file are (https://docs.lammps.org/read_data.html), counted from 0. Three
/// image numbers may follow.
struct LammpsStyle {
    std::string_view name;
    std::size_t type = 1, position = 2;
    std::size_t columns = 5;  ///< without image numbers; 0: any number (hybrid)
    [[nodiscard]] bool fits(std::size_t count) const {
        return columns == 0 ? count >= position + 3 : count == columns || count == columns + 3;
    }
};

[[nodiscard]] std::vector<std::string> lammps_style_names();
/// Nothing for a name that is no atom style.
[[nodiscard]] std::optional<LammpsStyle> lammps_style(std::string_view name);
/// True for a word that LAMMPS knows as an atom style, of those too that are not read.
[[nodiscard]] bool is_lammps_style(std::string_view name);

/// The styles among atomic, charge, molecular and full that the numbers of all `atoms` (lines of the section) fit. molecular stands
/// for bond and angle too, which have the same columns. types: names of the types, or (empty) numbers 1 to type_count.
[[nodiscard]] std::vector<LammpsStyle> fitting_styles(std::span<const std::string> atoms, long long type_count,
                                                      const std::set<std::string, std::less<>>& labels);

}  // namespace alkali::io
