#include "alkali/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"
#include "alkali/report/convergence.hpp"
#include "alkali/report/figures.hpp"
#include "alkali/report/material.hpp"
#include "alkali/report/property_table.hpp"
#include "alkali/report/references.hpp"
#include "alkali/report/reliability.hpp"
#include "alkali/report/source.hpp"
#include "alkali/report/text.hpp"
#include "resources_embedded.hpp"

namespace alkali::report {

namespace {

std::string section(const std::string& id, const std::string& title, const std::string& text, const std::string& content) {
    if (content.empty()) return {};
    const std::string intro = text.empty() ? "" : "<p class=\"intro\">" + text + "</p>\n";
    return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}{}</section>\n", id, title, intro, content);
}

std::string figures(const std::vector<Plot>& plots) {
    std::string out;
    for (const auto& plot : plots)
        if (const auto svg = to_svg(plot); !svg.empty())
            out += fmt::format("<figure>{}{}</figure>\n", svg,
                               plot.caption.empty() ? "" : "<figcaption>" + escape(plot.caption) + "</figcaption>");
    return out.empty() ? out : "<div class=\"figures\">\n" + out + "</div>\n";
}

/// make() of an evaluation; errors in it name its file.
template <class Make>
auto of(const Evaluation& evaluation, Make make) {
    try {
        return make(evaluation.records);
    } catch (const InputError& error) {
        throw InputError(error.fault(), evaluation.path.string(), error.hint());
    } catch (const nlohmann::json::exception& error) {
        throw InputError(std::string("holds a result of another form than its name says: ") + error.what(), evaluation.path.string(),
                         "evaluate again, or leave the file out");
    }
}

std::string parity_content(const std::vector<Source>& sources) {
    std::string out;
    for (const auto& source : sources)
        for (const auto& evaluation : source.evaluations)
            if (const auto content = of(evaluation, [](const auto& records) { return figures(parity_plots(records)); }); !content.empty())
                out += fmt::format("<h3>{}, {}</h3>\n{}", escape(source.name), escape(evaluation.name), content);
    return out;
}

std::string reliability_content(const std::vector<Source>& sources) {
    std::string out;
    for (const auto& source : sources)
        for (const auto& evaluation : source.evaluations)
            if (const auto table = of(evaluation, coverage_table); !table.empty())
                out += fmt::format("<h3>{}, {}</h3>\n{}{}", escape(source.name), escape(evaluation.name),
                                   figures(of(evaluation, reliability_plots)), table);
    return out;
}

std::string learning_content(const std::vector<Source>& sources) {
    std::string out;
    for (const auto& source : sources)
        if (source.metrics)
            if (const auto content = figures(learning_curves(*source.metrics)); !content.empty())
                out += fmt::format("<h3>{}</h3>\n{}", escape(source.name), content);
    return out;
}

std::string convergence_content(const std::vector<Source>& sources) {
    std::string out;
    for (const auto& source : sources)
        if (const auto table = convergence_table(source); !table.empty())
            out += fmt::format("<h3>{}</h3>\n{}{}", escape(source.name), figures(convergence_plots(source)), table);
    return out;
}

/// One table per crystal: a number of one stands beside the literature on that one.
std::string properties_content(const std::vector<Material>& materials, Citations& citations) {
    std::string out;
    for (const auto& material : materials) {
        const auto table = property_table(material, citations);
        if (table.empty()) continue;
        if (!material.name.empty() || materials.size() > 1)
            out += fmt::format("<h3>{}{}</h3>\n", material.name.empty() ? "Crystal not named" : escape(material.name),
                               material.references.groups.empty() ? ", without literature in this program"
                                                                  : " beside DFT, experiment and other potentials");
        out += table;
    }
    return out;
}

std::string curves_content(const std::vector<Material>& materials) {
    std::vector<Plot> plots;
    for (const auto& material : materials) {
        plots.push_back(energy_volume_plot(material.sources));
        if (materials.size() > 1 && !material.name.empty()) plots.back().title += ": " + material.name;
    }
    return figures(plots);
}

/// What a folder's numbers come from, as its first record tells.
std::string calculator_of(const Source& source) {
    std::vector<const records::Records*> all{&source.records};
    for (const auto& evaluation : source.evaluations) all.push_back(&evaluation.records);
    for (const auto* records : all)
        for (const auto& [name, record] : records->all())
            if (record.provenance.is_object() && record.provenance.contains("calculator") && record.provenance["calculator"].is_string())
                return record.provenance["calculator"];
    return {};
}

std::string source_list(const std::vector<Source>& sources) {
    std::string out = "<dl class=\"sources\">\n";
    for (const auto& source : sources) {
        const std::string calculator = calculator_of(source);
        out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(source.name),
                           calculator.empty() ? escape(source.folder.string()) : escape(calculator));
    }
    return out + "</dl>\n";
}

/// How each record was made, folded away.
std::string methods_content(const std::vector<Source>& sources) {
    std::string out;
    for (const auto& source : sources) {
        std::string list;
        for (const auto& [name, record] : source.records.all())
            list += fmt::format("<dt>{}</dt><dd>settings <code>{}</code>, provenance <code>{}</code></dd>\n", escape(name),
                                escape(config::json_text(record.settings)), escape(config::json_text(record.provenance)));
        if (!list.empty()) out += fmt::format("<details><summary>{}</summary><dl>\n{}</dl></details>\n", escape(source.name), list);
    }
    return out;
}

constexpr const char* table_text =
    "Every cell tells on hovering how it was obtained. In brackets the uncertainty of the last digits, 3.490(3) = 3.490 ± 0.003; without a "
    "bracket none was estimated. Small numbers name the source. † marks digits that have not been checked against their source, ⚠ numbers "
    "that should not be taken as they stand; the reasons are below the table.";

constexpr const char* error_text =
    "On frames that a model was trained on these tell how well it fits, not how well it predicts. The paper's figures are on its own test "
    "set. ⚠ marks energies whose labels have another zero: there the RMSE about the mean error counts.";

constexpr const char* reliability_text =
    "Share of errors within the central interval of a normal distribution that should hold the nominal share of them. ⚠ marks shares that "
    "are too low: the error bars are too small.";

constexpr const char* convergence_text =
    "Root mean squares over all structures. ✓ marks the first value from which on everything is within the tolerance.";

std::string page(const std::vector<Source>& sources, const Options& options) {
    const auto materials = materials_of(sources);
    Citations citations;
    std::string body;
    body += section("properties", "Properties", table_text, properties_content(materials, citations));
    body += section("equation-of-state", "Equation of state", "", curves_content(materials));
    body += section("errors", "Errors on labelled data", error_text, error_table(sources, citations));
    body += section("parity", "Predicted against reference", "Each point tells its frame.", parity_content(sources));
    body += section("reliability", "Reliability of expected errors", reliability_text, reliability_content(sources));
    body += section("learning", "Learning curves", "", learning_content(sources));
    body += section("convergence", "Convergence of the labels", convergence_text, convergence_content(sources));
    body += section("sources", "Sources", "", citations.list());
    body += section("methods", "How the results were made", "", methods_content(sources));
    const std::string about = names_of(materials, sources), title = !options.title.empty() ? options.title
                                                                    : about.empty()        ? "alkali"
                                                                                           : "alkali: " + about;
    const std::string footer =
        fmt::format("alkali {}{}{}", escape(options.version), options.date.empty() ? "" : ", ", escape(options.date));
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light "
        "dark\">\n<title>{0}</title>\n<style>\n{1}</style>\n</head>\n<body>\n<header>\n<h1>{0}</h1>\n{2}</header>\n"
        "<main>\n{3}</main>\n<footer>{4}</footer>\n<div id=\"note\" role=\"tooltip\" "
        "hidden></div>\n<script>\n{5}</script>\n</body>\n</html>\n",
        escape(title), resources::page_css, source_list(sources), body, footer, resources::page_js);
}

}  // namespace

std::string render(const std::vector<Source>& sources, const Options& options) {
    try {
        return page(sources, options);
    } catch (const nlohmann::json::exception& error) {
        std::string where;
        for (const auto& source : sources) where += (where.empty() ? "" : ", ") + source.folder.string();
        throw FileError(std::string("holds a result of another form than its name says (") + error.what() + ")", where,
                        "compute the results again, or leave the folder out");
    }
}

}  // namespace alkali::report
