#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/text.hpp"

namespace alkali::io {

/// The number that a line of settings such as "NELM   =     60;   NELMIN=  2" gives a key; nothing if it has no such key.
[[nodiscard]] std::optional<long long> setting(std::string_view line, std::string_view key);

/// What the head of a run in an OUTCAR says of all of its steps. A file may hold several runs.
class OutcarHead {
public:
    /// True if a run begins at this line.
    [[nodiscard]] static bool begins_at(std::string_view line);
    /// Takes what the line tells; false if it is of no use here.
    bool take(std::string_view line);

    /// Atomic numbers of all atoms. Errors: FileError where elements or their numbers are not told or do not fit.
    /// Elements come from VRHFIN, TITEL or POTCAR lines, else from the type names.
    [[nodiscard]] const std::vector<int>& numbers(const std::vector<std::string>& type_names, const Place& place);

    std::optional<long long> electronic_steps;  ///< NELM: at most so many
    std::optional<long long> stress_kind;       ///< ISIF
    std::optional<long long> charge_start;      ///< ICHARG
    double coupling = 1;                        ///< SCALEE

private:
    [[nodiscard]] std::vector<std::size_t> counts(const Place& place) const;
    [[nodiscard]] std::vector<int> elements(std::size_t kinds, const std::vector<std::string>& type_names, const Place& place) const;
    [[nodiscard]] std::vector<std::string> potcar_names(std::size_t kinds) const;
    [[nodiscard]] std::size_t known_kinds() const;

    std::vector<std::string> vrhfin_, titles_, potcar_;  // by kind; potcar_ has the list more than once
    std::vector<std::string> count_lines_;               // what follows "ions per type ="
    std::optional<long long> ions_;                      // NIONS
    bool counting_ = false;                              // the line before was one of numbers of ions
    std::vector<int> numbers_;
};

}  // namespace alkali::io
