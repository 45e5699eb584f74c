#include "alkali/report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "alkali/base/nearest.hpp"
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

const records::Record* number_of(const Source& source, const std::string& name) {
    return source.records.has(name) && source.records.at(name).value.is_number() ? &source.records.at(name) : nullptr;
}

/// The unit that all folders give; nothing where they differ.
std::optional<std::string> unit_of(const std::vector<Source>& sources, const std::string& name) {
    std::optional<std::string> unit;
    for (const auto& source : sources)
        if (const auto* record = number_of(source, name)) {
            if (unit && *unit != record->unit) return std::nullopt;
            unit = record->unit;
        }
    return unit ? unit : "";
}

void warn_unless_known(const std::vector<Source>& sources, const std::string& name, base::LogSink& log) {
    std::set<std::string> known;
    for (const auto& source : sources) {
        if (number_of(source, name) != nullptr || failed(source, name)) return;
        for (const auto& [each, record] : source.records.all())
            if (record.value.is_number()) known.insert(each);
    }
    const std::vector<std::string> names(known.begin(), known.end());
    const auto meant = base::did_you_mean(name, names);
    log.warning(fmt::format("--summary: no folder has a number '{}'{}", name, meant.empty() ? "" : "; " + meant));
}

}  // namespace

std::string summary(std::vector<Source> sources, const std::vector<std::string>& names, base::LogSink& log) {
    std::erase_if(sources, [](const Source& source) { return source.records.all().empty(); });
    std::vector<std::vector<std::string>> rows{{"", "unit"}};
    for (const auto& source : sources) rows.front().push_back(source.name);
    for (const auto& name : names) {
        warn_unless_known(sources, name, log);
        const auto unit = unit_of(sources, name);
        std::vector<std::string> row{name, unit.value_or("")};
        for (const auto& source : sources) {
            const auto* record = number_of(source, name);
            row.push_back(record != nullptr      ? format_plain(record->value.get<double>(), record->uncertainty, record->unit)
                          : failed(source, name) ? "failed"
                                                 : "-");
            if (record != nullptr && !unit) row.back() += " " + record->unit;
        }
        rows.push_back(std::move(row));
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
