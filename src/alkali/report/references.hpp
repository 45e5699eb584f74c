#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::report {

/// A number from the literature with all that is known of it.
struct ReferenceValue {
    double value = 0;
    std::string unit;
    std::optional<double> uncertainty;
    std::string temperature, method, source, doi;
    std::string certainty;  ///< how the number was obtained; beginning with "memory": nobody has confirmed its digits
    std::string key;        ///< "table.key" in data/references/references.toml

    [[nodiscard]] bool confirmed() const { return !certainty.starts_with("memory"); }
};

struct ReferenceColumn {
    std::string title, note;
    std::map<std::string, ReferenceValue> cells;  ///< by result name
};

struct ReferenceGroup {
    std::string title;
    std::vector<ReferenceColumn> columns;
};

struct References {
    std::vector<ReferenceGroup> groups;
    std::map<std::string, std::string> certainty;  ///< what each word of certainty means
};

/// Parses data/references/report.json. Errors: InputError.
[[nodiscard]] References parse_references(std::string_view json);
/// What the lithium data are about, as crystal_of() says it.
inline constexpr std::string_view reference_crystal = "bcc Li";
/// The lithium data that travel inside the program.
[[nodiscard]] References lithium_references();

}  // namespace alkali::report
