#include "alkali/report/convergence.hpp"

#include <fmt/format.h>

#include <array>

#include "alkali/base/error.hpp"
#include "alkali/report/text.hpp"

namespace alkali::report {
namespace {

struct ConvergedQuantity {
    const char *key, *title, *unit;
};
constexpr std::array<ConvergedQuantity, 4> converged_quantities{{{"relative_energy", "energy differences", "meV/atom"},
                                                                 {"force", "forces", "meV/Å"},
                                                                 {"stress", "stress", "GPa"},
                                                                 {"pressure", "P + dE/dV", "GPa"}}};

/// Calls f(record value) if there is one, and says whose shape is wrong.
template <class F>
void with_convergence(const Source& source, F f) {
    if (!source.records.has("convergence")) return;
    try {
        f(source.records.at("convergence").value);
    } catch (const nlohmann::json::exception& error) {
        throw InputError(std::string("the record 'convergence' is malformed: ") + error.what(), source.folder.string(),
                         "make it again with alkali label converge");
    }
}

std::string title_of(const nlohmann::json& series) {
    const auto unit = series.at("unit").get<std::string>();
    return series.at("parameter").get<std::string>() + (unit.empty() ? "" : ", " + pretty_unit(unit));
}

}  // namespace

std::vector<Plot> convergence_plots(const Source& source) {
    std::vector<Plot> plots;
    with_convergence(source, [&](const nlohmann::json& value) {
        for (const auto& series : value.at("series")) {
            Plot plot;
            plot.title = series.at("parameter").get<std::string>();
            plot.x_label = title_of(series);
            plot.y_label = "error / tolerance";
            plot.y_scale = Scale::logarithmic;
            plot.caption = "Against the densest value; P + dE/dV of each value by itself. Below 1 is within the tolerance.";
            for (std::size_t q = 0; q < converged_quantities.size(); ++q) {
                const auto& [key, title, unit] = converged_quantities[q];
                Series line{title, Mark::line_and_points, static_cast<int>(q), {}};
                const double tolerance = value.at("tolerance").at(key).get<double>();
                for (const auto& point : series.at("points")) {
                    const double error = point.at(key).get<double>();
                    line.points.push_back({point.at("value").get<double>(), error / tolerance, fmt::format("{:.3g} {}", error, unit)});
                }
                plot.series.push_back(std::move(line));
            }
            plots.push_back(std::move(plot));
        }
    });
    return plots;
}

std::string convergence_table(const Source& source) {
    std::string out;
    with_convergence(source, [&](const nlohmann::json& value) {
        for (const auto& series : value.at("series")) {
            out += fmt::format("<div class=\"scroll\"><table>\n<thead><tr><th>{}</th>", escape(title_of(series)));
            for (const auto& q : converged_quantities) out += fmt::format("<th>{}, {}</th>", q.title, q.unit);
            out += "<th>seconds</th></tr></thead>\n<tbody>\n";
            for (const auto& point : series.at("points")) {
                const bool chosen = point.at("value") == series.at("recommended");
                out += fmt::format("<tr><th>{}{}</th>", format_number(point.at("value").get<double>(), {}, 4), chosen ? " ✓" : "");
                for (const auto& q : converged_quantities)
                    out += fmt::format("<td>{}</td>", format_number(point.at(q.key).get<double>(), {}, 3));
                out += fmt::format("<td>{:.0f}</td></tr>\n", point.at("seconds").get<double>());
            }
            out += "</tbody></table></div>\n";
        }
    });
    return out;
}

}  // namespace alkali::report
