#include "alkali/report/reliability.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/report/doubts.hpp"
#include "alkali/report/numbers.hpp"
#include "alkali/report/text.hpp"

namespace alkali::report {
namespace {

struct UncertainQuantity {
    const char *key, *title, *unit;
};
constexpr std::array<UncertainQuantity, 3> uncertain_quantities{
    {{"energy", "energy", "meV/atom"}, {"force", "force components", "meV/angstrom"}, {"stress", "stress components", "GPa"}}};

using Pairs = std::vector<std::pair<double, double>>;

Pairs pairs(const nlohmann::json& table, const char* x, const char* y) {
    const auto a = numbers_of(table.at(x), std::string("reliability.") + x), b = numbers_of(table.at(y), std::string("reliability.") + y);
    if (a.size() != b.size()) throw InputError(fmt::format("reliability: {} and {} differ in length", x, y));
    Pairs all;
    for (std::size_t k = 0; k < a.size(); ++k) all.emplace_back(a[k], b[k]);
    return all;
}

/// Calls use(quantity, its table, its colour) for all that are there.
template <class Use>
void for_tables(const records::Records& evaluation, Use use) {
    if (!evaluation.has("reliability")) return;
    const auto& tables = evaluation.at("reliability").value;
    try {
        for (std::size_t q = 0; q < uncertain_quantities.size(); ++q)
            if (tables.contains(uncertain_quantities[q].key))
                use(uncertain_quantities[q], tables.at(uncertain_quantities[q].key), static_cast<int>(q));
    } catch (const nlohmann::json::exception& error) {
        throw InputError(std::string("the record reliability does not have its shape: ") + error.what(), {}, "see docs/guide/results.md");
    }
}

}  // namespace

std::vector<Plot> reliability_plots(const records::Records& evaluation) {
    std::vector<Plot> plots;
    Plot coverage;
    coverage.title = "Coverage";
    coverage.x_label = "nominal probability";
    coverage.y_label = "share of errors within";
    coverage.parity = true;
    coverage.legend = Legend::top_left;
    coverage.caption = "Below the line: errors are larger than the calculator expects.";
    for_tables(evaluation, [&](const UncertainQuantity& quantity, const nlohmann::json& table, int colour) {
        Series series{quantity.title, Mark::line_and_points, colour, {}};
        for (const auto& [nominal, observed] : pairs(table, "nominal", "observed"))
            series.points.push_back(
                {nominal, observed,
                 fmt::format("{}: {:.1f} % of errors in the {:.0f} % interval", quantity.title, 100 * observed, 100 * nominal)});
        coverage.series.push_back(std::move(series));
    });
    if (coverage.series.empty()) return plots;
    plots.push_back(std::move(coverage));
    for_tables(evaluation, [&](const UncertainQuantity& quantity, const nlohmann::json& table, int colour) {
        const std::string unit = pretty_unit(quantity.unit);
        Plot plot;
        plot.title = fmt::format("Expected and true errors: {}", quantity.title);
        plot.x_label = fmt::format("expected standard deviation ({})", unit);
        plot.y_label = fmt::format("RMSE ({})", unit);
        plot.x_scale = plot.y_scale = Scale::logarithmic;
        plot.parity = true;
        plot.caption = "Groups of equal size, by expected standard deviation.";
        Series series{"", Mark::line_and_points, colour, {}};
        for (const auto& [expected, found] : pairs(table, "std", "rmse"))
            series.points.push_back({expected, found, fmt::format("expected {:.3g}, RMSE {:.3g} {}", expected, found, unit)});
        plot.series.push_back(std::move(series));
        plots.push_back(std::move(plot));
    });
    return plots;
}

std::string coverage_table(const records::Records& evaluation) {
    std::string head, rows;
    for_tables(evaluation, [&](const UncertainQuantity& quantity, const nlohmann::json& table, int) {
        const double constant = table.value("mean_error_taken_out", 0.0);
        std::string row = fmt::format("<tr><th>{}{}</th>", quantity.title,
                                      constant == 0 ? "" : fmt::format(" less a mean error of {:.4g} {}", constant, quantity.unit));
        const double points = table.value("points", 0.0);
        head = "<tr><th>nominal</th>";
        for (const auto& [nominal, observed] : pairs(table, "nominal", "observed")) {
            head += fmt::format("<th>{:.0f} %</th>", 100 * nominal);
            const bool low = too_low(observed, nominal, points > 0 ? std::sqrt(nominal * (1 - nominal) / points) : 0);
            row += fmt::format("<td{}>{:.1f} %{}</td>", low ? " class=\"doubt\" data-note=\"the error bars are too small\"" : "",
                               100 * observed, low ? "⚠" : "");
        }
        rows += row + "</tr>\n";
        head += "</tr>\n";
    });
    return rows.empty() ? rows : "<table class=\"coverage\">\n" + head + rows + "</table>\n";
}

}  // namespace alkali::report
