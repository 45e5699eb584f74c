#include "alkali/report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/report/property_names.hpp"
#include "alkali/report/source.hpp"
#include "alkali/report/text.hpp"

namespace alkali::report {

namespace {

bool failed(const Source& source, const std::string& name) {
    if (!source.records.has("failures")) return false;
    const auto& failures = source.records.at("failures").value;
    return failures.is_object() && (failures.contains(name) || failures.contains(property_of(name)));
}

}  // namespace

std::string summary(const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& names) {
    auto sources = load_sources(folders);
    std::erase_if(sources, [](const Source& source) { return source.records.all().empty(); });
    std::vector<std::vector<std::string>> rows{{"", "unit"}};
    for (const auto& source : sources) rows.front().push_back(source.name);
    for (const auto& name : names) {
        std::vector<std::string> row{name, ""};
        for (const auto& source : sources) {
            const bool there = source.records.has(name) && source.records.at(name).value.is_number();
            row.push_back(there ? format_plain(source.records.at(name).value.get<double>(), source.records.at(name).uncertainty,
                                               source.records.at(name).unit)
                          : failed(source, name) ? "failed"
                                                 : "-");
            if (there && row[1].empty()) row[1] = source.records.at(name).unit;
        }
        if (!row[1].empty()) rows.push_back(std::move(row));
    }
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            out += i < 2 ? fmt::format("{:<{}}  ", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
        out += "\n";
    }
    return out;
}

}  // namespace alkali::report
