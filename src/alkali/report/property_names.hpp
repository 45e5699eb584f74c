#pragma once
#include <string>
#include <vector>

namespace alkali::report {

/// Whether a row stands in the table at first sight or among the details.
enum class Rank { main, detail };

/// How a result is called on paper.
struct PropertyName {
    std::string label;    ///< HTML, such as "<i>C</i><sub>11</sub>"
    std::string section;  ///< heading it stands under
    int order = 0;        ///< within the table
    Rank rank = Rank::main;
};
/// Which row of the table stands for a property of `alkali properties` that gave no records: "vacancy" -> its formation energy.
/// Empty for an unknown property.
[[nodiscard]] std::string main_record(const std::string& property);
/// The property that gives a record, by its name; empty where none is known to.
[[nodiscard]] std::string property_of(const std::string& record_name);
/// For any name of the grammar in docs/guide/results.md; unknown quantities come last under their own name.
[[nodiscard]] PropertyName property_name(const std::string& record_name);

}  // namespace alkali::report
