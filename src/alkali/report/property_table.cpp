#include "alkali/report/property_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "alkali/report/property_names.hpp"
#include "alkali/report/text.hpp"

namespace alkali::report {

int Citations::cite(const ReferenceValue& value) {
    std::string entry = escape(value.source);
    if (!value.doi.empty()) entry += ", doi " + escape(value.doi);
    auto at = std::find(entries_.begin(), entries_.end(), entry);
    if (at == entries_.end()) at = entries_.insert(entries_.end(), entry);
    return static_cast<int>(at - entries_.begin()) + 1;
}

std::string Citations::list() const {
    if (entries_.empty()) return {};
    std::string out = "<ol class=\"citations\">\n";
    for (std::size_t i = 0; i < entries_.size(); ++i) out += fmt::format("<li id=\"source-{}\">{}</li>\n", i + 1, entries_[i]);
    return out + "</ol>\n";
}

namespace {

/// Settings and provenance of a record as lines of text, long values cut.
std::string origin(const records::Record& record) {
    std::string out;
    for (const auto* block : {&record.settings, &record.provenance})
        for (const auto& [key, value] : block->items()) {
            std::string text = value.is_string() ? value.get<std::string>() : value.dump();
            if (text.size() > 120) text = text.substr(0, 117) + "...";
            out += fmt::format("\n{}: {}", key, text);
        }
    return out;
}

std::string own_cell(const std::string& name, const records::Record& record, const std::string& source, const std::string& row_unit) {
    std::string note = fmt::format("{}: {}", source, name);
    if (!record.uncertainty) note += "\nuncertainty: not estimated";
    note += origin(record);
    std::string text = format_quantity(record.value.get<double>(), record.uncertainty, record.unit);
    if (record.unit != row_unit) text += " " + escape(pretty_unit(record.unit));
    return fmt::format("<td class=\"own\" data-note=\"{}\">{}</td>", escape(note), text);
}

int decimals_of(double value) {
    const std::string text = fmt::format("{:g}", value);
    const auto point = text.find('.');
    return point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

/// The decimals to which one source prints one quantity, its trailing zeros included: the most that any of its values shows.
std::map<std::string, int> printed_decimals(const std::vector<ReferenceGroup>& groups, const std::string& name) {
    std::map<std::string, int> decimals;
    for (const auto& group : groups)
        for (const auto& column : group.columns)
            if (const auto at = column.cells.find(name); at != column.cells.end()) {
                auto& most = decimals[at->second.source];
                most = std::max(most, decimals_of(at->second.value));
            }
    return decimals;
}

std::string citation(int number) { return fmt::format("<a class=\"cite\" href=\"#source-{0}\">{0}</a>", number); }

std::string reference_cell(const ReferenceValue& value, const std::string& row_unit, int decimals, const std::string& cited) {
    std::string note = fmt::format("{}\n{}; {}\n{}", value.method, value.temperature, value.certainty, value.source);
    if (!value.uncertainty) note += "\nuncertainty: not given";
    std::string text = value.uncertainty ? format_number(value.value, value.uncertainty) : fmt::format("{:.{}f}", value.value, decimals);
    if (value.unit != row_unit) text += " " + escape(pretty_unit(value.unit));
    return fmt::format("<td class=\"reference{}\" data-note=\"{}\">{}{}{}</td>", value.confirmed() ? "" : " unconfirmed", escape(note),
                       text, value.confirmed() ? "" : "†", cited);
}

/// The one source of all cells of a column that are shown; nullptr if they have several.
const ReferenceValue* only_source(const ReferenceColumn& column, const std::vector<std::string>& names) {
    const ReferenceValue* found = nullptr;
    for (const auto& name : names)
        if (const auto at = column.cells.find(name); at != column.cells.end()) {
            if (found && found->source != at->second.source) return nullptr;
            found = &at->second;
        }
    return found;
}

/// A box to tick; until then the page hides rows of class "detail" in the same section.
std::string detail_switch(const std::string& text) { return "<label class=\"switch\"><input type=\"checkbox\"> " + text + "</label>\n"; }

bool is_scalar(const records::Record& record) { return record.value.is_number(); }

struct Row {
    std::string name, unit;
    PropertyName title;
};

std::vector<Row> rows_of(const std::vector<Source>& sources) {
    std::map<std::string, std::string> units;
    for (const auto& source : sources)
        for (const auto& [name, record] : source.records.all())
            if (is_scalar(record)) units.try_emplace(name, record.unit);
    std::vector<Row> rows;
    for (const auto& [name, unit] : units) rows.push_back({name, unit, property_name(name)});
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.title.order < b.title.order; });
    return rows;
}

/// The columns with a value in at least one of the rows.
std::vector<ReferenceGroup> useful_groups(const References& references, const std::vector<std::string>& names) {
    std::vector<ReferenceGroup> out;
    for (const auto& group : references.groups) {
        ReferenceGroup kept{group.title, {}};
        for (const auto& column : group.columns)
            if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return column.cells.contains(name); }))
                kept.columns.push_back(column);
        if (!kept.columns.empty()) out.push_back(std::move(kept));
    }
    return out;
}

std::string header(const std::vector<const Source*>& own, const std::vector<ReferenceGroup>& groups, const std::vector<std::string>& names,
                   Citations& citations) {
    std::string top = fmt::format(
        "<thead><tr><th rowspan=\"2\">Property</th><th rowspan=\"2\">Unit</th><th class=\"group own\" colspan=\"{}\">These results</th>",
        own.size());
    std::string bottom = "<tr>";
    for (const auto* source : own) {
        const std::string crystal = crystal_of(*source);
        const bool said = crystal.empty() || crystal == reference_crystal;
        bottom += fmt::format("<th class=\"own\">{}{}</th>", escape(source->name),
                              said ? "" : "<br><span class=\"variant\">" + escape(crystal) + "</span>");
    }
    for (const auto& group : groups) {
        top += fmt::format("<th class=\"group\" colspan=\"{}\">{}</th>", group.columns.size(), escape(group.title));
        for (const auto& column : group.columns) {
            const auto* source = only_source(column, names);
            bottom += fmt::format("<th data-note=\"{}\">{}{}</th>", escape(column.note), escape(column.title),
                                  source ? citation(citations.cite(*source)) : "");
        }
    }
    return top + "</tr>\n" + bottom + "</tr></thead>\n";
}

}  // namespace

std::string property_table(const std::vector<Source>& sources, const References& references, Citations& citations) {
    const auto rows = rows_of(sources);
    if (rows.empty()) return {};
    std::vector<const Source*> own;
    for (const auto& source : sources)
        if (!source.records.all().empty()) own.push_back(&source);
    std::vector<std::string> names;
    for (const auto& row : rows) names.push_back(row.name);
    const auto groups = useful_groups(references, names);
    std::size_t columns = 2 + own.size();
    for (const auto& group : groups) columns += group.columns.size();

    const bool details = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.title.rank == Rank::detail; });
    std::string out = details ? detail_switch("all records, other methods too") : "", section;
    out += "<div class=\"scroll\"><table>\n" + header(own, groups, names, citations) + "<tbody>\n";
    for (const auto& row : rows) {
        if (row.title.section != section) {
            section = row.title.section;
            out += fmt::format("<tr class=\"section\"><th colspan=\"{}\"><span>{}</span></th></tr>\n", columns, escape(section));
        }
        out += fmt::format("<tr{}><th data-note=\"{}\">{}</th><td class=\"unit\">{}</td>",
                           row.title.rank == Rank::detail ? " class=\"detail\"" : "", escape(row.name), row.title.label,
                           escape(pretty_unit(row.unit)));
        for (const auto* source : own) {
            const bool there = source->records.has(row.name) && is_scalar(source->records.at(row.name));
            out += there ? own_cell(row.name, source->records.at(row.name), source->name, row.unit) : "<td class=\"own\"></td>";
        }
        auto decimals = printed_decimals(groups, row.name);
        for (const auto& group : groups)
            for (const auto& column : group.columns) {
                const auto at = column.cells.find(row.name);
                if (at == column.cells.end()) {
                    out += "<td></td>";
                    continue;
                }
                const auto& value = at->second;
                out += reference_cell(value, row.unit, decimals[value.source],
                                      only_source(column, names) ? "" : citation(citations.cite(value)));
            }
        out += "</tr>\n";
    }
    return out + "</tbody></table></div>\n";
}

namespace {

struct ErrorColumn {
    const char *name, *label, *unit;
};
constexpr std::array<ErrorColumn, 6> error_columns{{{"energy_rmse", "Energy RMSE", "meV/atom"},
                                                    {"energy_mae", "Energy MAE", "meV/atom"},
                                                    {"force_rmse", "Force RMSE", "meV/Å"},
                                                    {"force_mae", "Force MAE", "meV/Å"},
                                                    {"stress_rmse", "Stress RMSE", "GPa"},
                                                    {"stress_mae", "Stress MAE", "GPa"}}};

/// "" for the whole set, then the groups, from names such as energy_rmse_surface.
std::set<std::string> groups_of(const records::Records& evaluation) {
    std::set<std::string> groups;
    for (const auto& [name, record] : evaluation.all())
        for (const auto& column : error_columns)
            if (is_scalar(record) && name.starts_with(column.name))
                groups.insert(name.size() > std::string_view(column.name).size() ? name.substr(std::string_view(column.name).size()) : "");
    // Variants of a measure are not groups.
    groups.erase("_shifted");
    std::erase_if(groups, [](const std::string& group) { return group.starts_with("_shifted_"); });
    return groups;
}

}  // namespace

std::string error_table(const std::vector<Source>& sources, const References& references, Citations& citations) {
    std::string body;
    for (const auto& source : sources)
        for (const auto& evaluation : source.evaluations)
            for (const auto& group : groups_of(evaluation.records)) {
                body += fmt::format("<tr{}><th>{}</th><td class=\"name\">{}</td>", group.empty() ? "" : " class=\"part detail\"",
                                    group.empty() ? escape(source.name) : "",
                                    group.empty() ? escape(evaluation.name) : escape(group.substr(1)));
                for (const auto& column : error_columns) {
                    const std::string name = column.name + group;
                    body += evaluation.records.has(name)
                                ? own_cell(name, evaluation.records.at(name), source.name, evaluation.records.at(name).unit)
                                : "<td class=\"own\"></td>";
                }
                body += "</tr>\n";
            }
    if (body.empty()) return {};
    for (const auto& group : references.groups)
        for (const auto& column : group.columns) {
            if (!column.cells.contains("energy_rmse")) continue;
            body += fmt::format("<tr><th>{}</th><td class=\"name\">{}</td>", escape(column.title), escape(group.title));
            for (const auto& error : error_columns) {
                const auto at = column.cells.find(error.name);
                body += at == column.cells.end() ? "<td></td>"
                                                 : reference_cell(at->second, at->second.unit, decimals_of(at->second.value),
                                                                  citation(citations.cite(at->second)));
            }
            body += "</tr>\n";
        }
    std::string head = "<thead><tr><th>Model</th><th class=\"name\">Data</th>";
    for (const auto& column : error_columns)
        head += fmt::format("<th>{}<br><span class=\"variant\">{}</span></th>", column.label, column.unit);
    const bool details = body.find("detail") != std::string::npos;
    return (details ? detail_switch("by kind of structure") : "") + "<div class=\"scroll\"><table>\n" + head + "</tr></thead>\n<tbody>\n" +
           body + "</tbody></table></div>\n";
}

}  // namespace alkali::report
