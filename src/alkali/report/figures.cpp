#include "alkali/report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/report/doubts.hpp"
#include "alkali/report/numbers.hpp"
#include "alkali/report/text.hpp"

namespace alkali::report {

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Series against_epoch(const Table& metrics, const std::vector<double>& y, std::string name, int colour) {
    Series series{std::move(name), Mark::line, colour, {}};
    const auto* epoch = metrics.find("epoch");
    for (std::size_t i = 0; i < y.size(); ++i) series.points.push_back({epoch ? (*epoch)[i] : static_cast<double>(i + 1), y[i], {}});
    return series;
}

/// Columns are called part_quantity_measure ("train_energy_rmse", "validation_loss"): one figure per quantity.
struct Curve {
    std::string_view key, title, unit;
};
constexpr std::array<Curve, 5> curves{{{"energy_rmse", "Energy RMSE", "meV/atom"},
                                       {"force_rmse", "Force RMSE", "meV/Å"},
                                       {"stress_rmse", "Stress RMSE", "GPa"},
                                       {"loss", "Loss", ""},
                                       {"lr", "Learning rate", ""}}};

}  // namespace

std::vector<Plot> learning_curves(const Table& metrics) {
    std::vector<Plot> plots;
    for (const auto& curve : curves) {
        Plot plot{std::string(curve.title),
                  "epoch",
                  std::string(curve.unit.empty() ? curve.title : curve.unit),
                  Scale::linear,
                  Scale::logarithmic,
                  false,
                  Legend::top_right,
                  {},
                  {}};
        for (std::size_t i = 0; i < metrics.columns.size(); ++i) {
            const auto& column = metrics.columns[i];
            const bool whole = column == curve.key;
            if (!whole && !column.ends_with("_" + std::string(curve.key))) continue;
            const std::string part = whole ? "" : column.substr(0, column.size() - curve.key.size() - 1);
            // A colour for training, another for validation, whatever the order of the columns.
            plot.series.push_back(against_epoch(metrics, metrics.values[i], part, contains(part, "val") ? 1 : 0));
        }
        if (!plot.series.empty()) plots.push_back(std::move(plot));
    }
    return plots;
}

namespace {

/// Indices kept: the `most`/4 largest errors and an even choice of the others, in their order.
std::vector<std::size_t> thinned(const std::vector<double>& errors, std::size_t most) {
    std::vector<std::size_t> order(errors.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (errors.size() <= most) return order;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return errors[a] > errors[b]; });
    const std::size_t worst = most / 4, others = most - worst, rest = errors.size() - worst;
    std::vector<std::size_t> kept(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(worst));
    for (std::size_t k = 0; k < others; ++k) kept.push_back(order[worst + k * rest / others]);
    std::sort(kept.begin(), kept.end());
    return kept;
}

struct ParityQuantity {
    const char *key, *title, *unit;
};
constexpr std::array<ParityQuantity, 3> parity_quantities{
    {{"energy", "Energy", "eV/atom"}, {"force", "Force components", "eV/angstrom"}, {"stress", "Stress components", "GPa"}}};

/// Mean of predicted - reference in eV/atom where it is another zero of energy, 0 elsewhere.
double offset_of(const std::vector<double>& reference, const std::vector<double>& predicted) {
    if (reference.size() < records::fewest_frames_of_a_zero) return 0;
    const auto count = static_cast<double>(reference.size());
    const double first = predicted[0] - reference[0];  // differences from it keep their digits
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) mean += (predicted[i] - reference[i] - first) / count;
    for (std::size_t i = 0; i < reference.size(); ++i) square += std::pow(predicted[i] - reference[i] - first - mean, 2) / count;
    return std::isfinite(mean) && another_zero(1e3 * (first + mean), 1e3 * std::sqrt(square)) ? first + mean : 0;
}

Plot parity_plot(const nlohmann::json& parity, const ParityQuantity& quantity, std::size_t most_points) {
    const auto& data = parity.at(quantity.key);
    const auto& frames = parity.at("frames");
    const auto part = [&](const char* name) { return fmt::format("parity.{}.{}", quantity.key, name); };
    if (!frames.is_array()) throw InputError("the record parity.frames does not have its shape: it is no list");
    const auto reference = numbers_of(data.at("reference"), part("reference"));
    auto predicted = numbers_of(data.at("predicted"), part("predicted"));
    const auto frame = indices_of(data.at("frame"), frames.size(), part("frame"));
    if (reference.size() != predicted.size() || reference.size() != frame.size())
        throw InputError(fmt::format("parity.{}: reference, predicted and frame differ in length", quantity.key));
    const double offset = quantity.key == std::string_view("energy") ? offset_of(reference, predicted) : 0;
    for (double& value : predicted) value -= offset;
    std::vector<double> errors(reference.size());
    for (std::size_t i = 0; i < errors.size(); ++i) {
        const double error = std::abs(predicted[i] - reference[i]);
        errors[i] = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;  // these are sorted
    }
    const auto kept = thinned(errors, most_points);

    const std::string unit = pretty_unit(quantity.unit);
    Plot plot{quantity.title,
              fmt::format("reference ({})", unit),
              fmt::format("predicted ({})", unit),
              Scale::linear,
              Scale::linear,
              true,
              Legend::top_left,
              {},
              {}};
    // evaluate may have thinned them before.
    const auto all = data.value("points", errors.size());
    plot.caption = fmt::format("{} points", all);
    if (kept.size() < all)
        plot.caption = fmt::format("{} of {} points: those with the largest errors and an even choice of the others", kept.size(), all);
    if (offset != 0) plot.caption += fmt::format("; predictions less their mean error of {:.4f} {}: another zero of energy", offset, unit);
    Series points{"", Mark::points, 0, {}};
    for (const auto i : kept)
        points.points.push_back({reference[i], predicted[i],
                                 fmt::format("{}\nreference {:.5g}, predicted {:.5g} {}", frames.at(frame[i]).get<std::string>(),
                                             reference[i], predicted[i], unit)});
    plot.series.push_back(std::move(points));
    return plot;
}

}  // namespace

std::vector<Plot> parity_plots(const records::Records& evaluation, std::size_t most_points) {
    std::vector<Plot> plots;
    if (!evaluation.has("parity")) return plots;
    const auto& parity = evaluation.at("parity").value;
    try {
        for (const auto& quantity : parity_quantities)
            if (parity.contains(quantity.key)) plots.push_back(parity_plot(parity, quantity, most_points));
    } catch (const nlohmann::json::exception& error) {
        throw InputError(std::string("the record parity does not have its shape: ") + error.what(), {}, "see docs/guide/results.md");
    }
    return plots;
}

Plot energy_volume_plot(const std::vector<const Source*>& sources) {
    Plot plot{"Energy against volume",
              "volume (Å³/atom)",
              "energy above the minimum (meV/atom)",
              Scale::linear,
              Scale::linear,
              false,
              Legend::top_centre,
              {},
              {}};
    int colour = 0;
    for (const auto* source : sources) {
        const int own = colour++;
        if (!source->records.has("equation_of_state_curve")) continue;
        const auto& value = source->records.at("equation_of_state_curve").value;
        try {
            const auto volume = numbers_of(value.at("volume"), "equation_of_state_curve.volume"),
                       energy = numbers_of(value.at("energy"), "equation_of_state_curve.energy");
            if (volume.size() != energy.size() || volume.empty())
                throw InputError("the record equation_of_state_curve has volume and energy of different length", source->folder.string());
            const double lowest = *std::min_element(energy.begin(), energy.end());
            Series series{source->name, Mark::line_and_points, own, {}};
            for (std::size_t i = 0; i < volume.size(); ++i)
                series.points.push_back({volume[i], 1000 * (energy[i] - lowest),
                                         fmt::format("{}\n{:.4f} Å³/atom, {:.6f} eV/atom", source->name, volume[i], energy[i])});
            plot.series.push_back(std::move(series));
        } catch (const InputError& error) {
            throw InputError(error.fault(), source->folder.string(), error.hint());
        } catch (const nlohmann::json::exception& error) {
            throw InputError(std::string("the record equation_of_state_curve does not have its shape: ") + error.what(),
                             source->folder.string(), "see docs/guide/results.md");
        }
    }
    return plot;
}

}  // namespace alkali::report
