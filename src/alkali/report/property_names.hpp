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
/// For any name of the grammar in docs/guide/results.md; unknown quantities come last under their own name.
[[nodiscard]] PropertyName property_name(const std::string& record_name);

}  // namespace alkali::report
