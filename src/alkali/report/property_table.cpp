#include "alkali/report/property_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "alkali/config/json.hpp"
#include "alkali/report/doubts.hpp"
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
            std::string text = value.is_string() ? value.get<std::string>() : config::json_text(value);
            if (text.size() > 120) text = first_letters(text, 117) + "...";
            out += fmt::format("\n{}: {}", key, text);
        }
    return out;
}

/// A cell with a number and, where there are reasons to doubt it, a mark.
std::string own_cell(const std::string& name, const records::Record& record, const std::string& source, const std::string& row_unit,
                     const std::vector<std::string>& doubts = {}) {
    std::string note = fmt::format("{}: {}", source, name);
    for (const auto& doubt : doubts) note += "\n⚠ " + doubt;
    if (!record.uncertainty) note += "\nuncertainty: not estimated";
    note += origin(record);
    std::string text = format_quantity(record.value.get<double>(), record.uncertainty, record.unit);
    if (record.unit != row_unit) text += " " + escape(pretty_unit(record.unit));
    return fmt::format("<td class=\"own{}\" data-note=\"{}\">{}{}</td>", doubts.empty() ? "" : " doubt", escape(note), text,
                       doubts.empty() ? "" : "⚠");
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

/// A table that may be wider than the page; page.js says so where it is.
const std::string scroll_begin = "<p class=\"hint\" hidden></p>\n<div class=\"scroll\"><table>\n", scroll_end = "</tbody></table></div>\n";

/// A box to tick; until then the page hides rows of class "detail" in the same section.
std::string detail_switch(const std::string& text) { return "<label class=\"switch\"><input type=\"checkbox\"> " + text + "</label>\n"; }

bool is_scalar(const records::Record& record) { return record.value.is_number(); }

/// What `alkali properties` could not compute, by property; empty where all went well.
std::map<std::string, std::string> failures_of(const Source& source) {
    std::map<std::string, std::string> failures;
    if (!source.records.has("failures")) return failures;
    const auto& value = source.records.at("failures").value;
    if (value.is_object())
        for (const auto& [property, reason] : value.items())
            failures[property] = reason.is_string() ? reason.get<std::string>() : config::json_text(reason);
    return failures;
}

struct Row {
    std::string name, unit;
    PropertyName title;
};

std::vector<Row> rows_of(const std::vector<const Source*>& sources) {
    std::map<std::string, std::string> units;
    for (const auto* source : sources)
        for (const auto& [name, record] : source->records.all())
            if (is_scalar(record)) units.try_emplace(name, record.unit);
    for (const auto* source : sources)
        for (const auto& [property, reason] : failures_of(*source)) {
            const std::string row = main_record(property);
            units.try_emplace(row.empty() ? property : row, "");
        }
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
    for (const auto* source : own) bottom += fmt::format("<th class=\"own\">{}</th>", escape(source->name));
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

/// The cells of one source, and the reasons to doubt them as a list for those who cannot hover.
class OwnColumn {
public:
    OwnColumn(const Source& source, const References& references)
        : source_(source), references_(references), failures_(failures_of(source)) {
        const auto& all = source.records.all();
        if (std::any_of(all.begin(), all.end(), [](const auto& entry) { return entry.second.uncertainty.has_value(); }))
            bars_ = small_bars(source);
    }

    std::string cell(const Row& row, std::string& list) const {
        const bool there = source_.records.has(row.name) && is_scalar(source_.records.at(row.name));
        if (!there) return missing(row.name, list);
        const auto& record = source_.records.at(row.name);
        auto doubts = doubts_about(row.name, source_.records, references_);
        for (const auto& doubt : doubts) add(row, doubt, list);
        if (record.uncertainty && !bars_.empty()) doubts.push_back(bars_);
        return own_cell(row.name, record, source_.name, row.unit, doubts);
    }

    /// What holds for every number of the column that has an error bar.
    [[nodiscard]] std::string common() const {
        return bars_.empty() ? bars_ : fmt::format("<li>{}: {}</li>\n", escape(source_.name), escape(bars_));
    }

private:
    void add(const Row& row, const std::string& text, std::string& list) const {
        list += fmt::format("<li>{}, {}: {}</li>\n", row.title.label, escape(source_.name), escape(text));
    }
    std::string missing(const std::string& name, std::string& list) const {
        auto failure = failures_.find(property_of(name));
        if (failure == failures_.end()) failure = failures_.find(name);
        if (failure == failures_.end()) return "<td class=\"own\"></td>";
        const bool first = name == main_record(failure->first) || name == failure->first;
        if (first)
            list +=
                fmt::format("<li>{}, {}: not computed: {}</li>\n", escape(failure->first), escape(source_.name), escape(failure->second));
        return fmt::format("<td class=\"own failed\" data-note=\"{}\">failed</td>",
                           escape(fmt::format("{}: {} was not computed\n{}", source_.name, failure->first, failure->second)));
    }

    const Source& source_;
    const References& references_;
    std::map<std::string, std::string> failures_;
    std::string bars_;
};

std::string reference_cells(const Row& row, const std::vector<ReferenceGroup>& groups, const std::vector<std::string>& names,
                            Citations& citations) {
    std::string out;
    auto decimals = printed_decimals(groups, row.name);
    for (const auto& group : groups)
        for (const auto& column : group.columns) {
            const auto at = column.cells.find(row.name);
            if (at == column.cells.end()) {
                out += "<td></td>";
                continue;
            }
            const auto& value = at->second;
            out += reference_cell(value, row.unit.empty() ? value.unit : row.unit, decimals[value.source],
                                  only_source(column, names) ? "" : citation(citations.cite(value)));
        }
    return out;
}

}  // namespace

std::string property_table(const Material& material, Citations& citations) {
    const auto& own = material.sources;
    const auto rows = rows_of(own);
    if (rows.empty()) return {};
    std::vector<std::string> names;
    for (const auto& row : rows) names.push_back(row.name);
    const auto groups = useful_groups(material.references, names);
    std::size_t columns = 2 + own.size();
    for (const auto& group : groups) columns += group.columns.size();
    std::vector<OwnColumn> own_columns;
    for (const auto* source : own) own_columns.emplace_back(*source, material.references);

    const bool details = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.title.rank == Rank::detail; });
    std::string out = details ? detail_switch("all records, other methods too") : "", section, doubts;
    out += scroll_begin + header(own, groups, names, citations) + "<tbody>\n";
    for (const auto& row : rows) {
        if (row.title.section != section) {
            section = row.title.section;
            out += fmt::format("<tr class=\"section\"><th colspan=\"{}\"><span>{}</span></th></tr>\n", columns, escape(section));
        }
        out += fmt::format("<tr{}><th data-note=\"{}\">{}</th><td class=\"unit\">{}</td>",
                           row.title.rank == Rank::detail ? " class=\"detail\"" : "", escape(row.name), row.title.label,
                           escape(pretty_unit(row.unit)));
        for (const auto& column : own_columns) out += column.cell(row, doubts);
        out += reference_cells(row, groups, names, citations) + "</tr>\n";
    }
    out += scroll_end;
    for (const auto& column : own_columns) doubts += column.common();
    return doubts.empty() ? out : out + "<ul class=\"doubts\">\n" + doubts + "</ul>\n";
}

namespace {

struct ErrorColumn {
    const char *name, *label, *unit;
};
constexpr std::array<ErrorColumn, 7> error_columns{{{"energy_rmse", "Energy RMSE", "meV/atom"},
                                                    {"energy_mae", "Energy MAE", "meV/atom"},
                                                    {"energy_rmse_shifted", "Energy RMSE about the mean error", "meV/atom"},
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

namespace {

/// Errors of energies against labels with another zero of energy say nothing of the model.
std::vector<std::string> doubts_about_error(const std::string& name, const records::Records& evaluation) {
    if (!name.starts_with("energy_rmse") && !name.starts_with("energy_mae")) return {};
    const double offset = zero_offset(evaluation);
    if (name.starts_with("energy_rmse_shifted") || offset == 0) return {};
    return {fmt::format(
        "a mean error of {:.4g} meV/atom over all frames: the labels have another zero of energy; see the RMSE about the mean error",
        offset)};
}

/// A group as the frames have it, if its records tell; else what stands behind their names.
std::string group_name(const records::Records& evaluation, const std::string& suffix) {
    for (const auto& column : error_columns)
        if (evaluation.has(column.name + suffix)) {
            const auto& settings = evaluation.at(column.name + suffix).settings;
            if (settings.contains("group") && settings["group"].is_string()) return settings["group"].get<std::string>();
        }
    return suffix.substr(1);
}

std::string evaluation_rows(const Source& source, const Evaluation& evaluation) {
    std::string body;
    for (const auto& group : groups_of(evaluation.records)) {
        body += fmt::format("<tr{}><th>{}</th><td class=\"name\">{}</td>", group.empty() ? "" : " class=\"part detail\"",
                            group.empty() ? escape(source.name) : "",
                            group.empty() ? escape(evaluation.name) : escape(group_name(evaluation.records, group)));
        for (const auto& column : error_columns) {
            const std::string name = column.name + group;
            body += evaluation.records.has(name) && is_scalar(evaluation.records.at(name))
                        ? own_cell(name, evaluation.records.at(name), source.name, evaluation.records.at(name).unit,
                                   doubts_about_error(name, evaluation.records))
                        : "<td class=\"own\"></td>";
        }
        body += "</tr>\n";
    }
    return body;
}

std::string literature_rows(const References& references, Citations& citations) {
    std::string body;
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
    return body;
}

std::string error_table_of(const std::string& rows) {
    std::string head = "<thead><tr><th>Model</th><th class=\"name\">Data</th>";
    for (const auto& column : error_columns)
        head += fmt::format("<th>{}<br><span class=\"variant\">{}</span></th>", column.label, column.unit);
    return scroll_begin + head + "</tr></thead>\n<tbody>\n" + rows + scroll_end;
}

/// Rows of evaluations by the elements of their frames, in the order in which these appear.
std::vector<std::pair<std::string, std::string>> rows_by_elements(const std::vector<Source>& sources) {
    std::vector<std::pair<std::string, std::string>> parts;
    for (const auto& source : sources)
        for (const auto& evaluation : source.evaluations) {
            const std::string elements = elements_of(evaluation, source);
            auto at = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.first == elements; });
            if (at == parts.end()) at = parts.insert(at, {elements, {}});
            at->second += evaluation_rows(source, evaluation);
        }
    std::erase_if(parts, [](const auto& part) { return part.second.empty(); });
    return parts;
}

}  // namespace

std::string error_table(const std::vector<Source>& sources, Citations& citations) {
    const auto parts = rows_by_elements(sources);
    std::string out;
    for (const auto& [elements, rows] : parts) {
        const bool lithium = elements == "Li" || (elements.empty() && parts.size() == 1);
        if (parts.size() > 1) out += fmt::format("<h3>Frames of {}</h3>\n", elements.empty() ? "unnamed elements" : escape(elements));
        out += error_table_of(rows + literature_rows(lithium ? lithium_references() : References{}, citations));
    }
    return (out.find("detail") != std::string::npos ? detail_switch("by kind of structure") : "") + out;
}

}  // namespace alkali::report
