#include "alkali/report/doubts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "alkali/report/text.hpp"

namespace alkali::report {

namespace {

std::optional<double> number(const records::Records& records, const std::string& name) {
    if (!records.has(name) || !records.at(name).value.is_number()) return {};
    return records.at(name).value.get<double>();
}

/// The name without the method at its end: other methods give the same quantity.
std::string quantity_of(const std::string& name) {
    for (const std::string_view method : {"_energy", "_vinet", "_zero_stress", "_unrelaxed"})
        if (name.ends_with(method) && name != "vacancy_formation_energy" && name != "cohesive_energy")
            return name.substr(0, name.size() - method.size());
    return name;
}

bool is_length(const std::string& quantity) { return quantity == "a0" || quantity == "c0"; }

bool is_modulus(const std::string& name) {
    constexpr std::array<std::string_view, 12> starts{
        "C11", "C33", "C44", "C66", "C_prime", "bulk_modulus", "shear_modulus", "youngs_modulus", "zener_anisotropy", "volume", "a0", "c0"};
    return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return name.starts_with(start); });
}

bool follows_from_tensor(const std::string& name) {
    return name.ends_with("_voigt") || name.ends_with("_reuss") || name.ends_with("_hill") || name == "youngs_modulus" ||
           name == "poisson_ratio" || name == "universal_anisotropy" || name == "zener_anisotropy";
}

std::string impossible(const std::string& name, double value, const records::Records& records) {
    if (name.starts_with("bulk_modulus_derivative"))
        return value < 0 || value > 10 ? "B' lies between 0 and 10 in solids: the fit of E(V) is not to be trusted" : "";
    if (is_modulus(name) && value <= 0) return "is positive in a stable crystal";
    if (name == "poisson_ratio" && (value <= -1 || value >= 0.5)) return "lies between -1 and 0.5 in a stable solid";
    if (name == "elastic_stability" && value <= 0) return "the crystal is elastically unstable";
    if (name.starts_with("vacancy_formation_energy") && value <= 0) return "the crystal would gain energy by losing atoms";
    if (name.starts_with("surface_energy") && value <= 0) return "the crystal would gain energy by falling apart";
    if (follows_from_tensor(name) && number(records, "elastic_stability").value_or(1) <= 0)
        return "has no meaning: the crystal is elastically unstable";
    return {};
}

std::string contradicted(const std::string& name, double value, const records::Records& records) {
    struct Pair {
        const char *one, *other;
        double tolerance;  // relative
    };
    // Bulk moduli of E(V) and of C_ij are the same derivative; fits over a range agree to some percent.
    constexpr std::array<Pair, 7> pairs{{{"bulk_modulus", "bulk_modulus_hill", 0.1},
                                         {"bulk_modulus", "bulk_modulus_vinet", 0.1},
                                         {"C11", "C11_energy", 0.2},
                                         {"C12", "C12_energy", 0.2},
                                         {"C44", "C44_energy", 0.2},
                                         {"a0", "a0_zero_stress", 0.01},
                                         {"a0", "a0_vinet", 0.01}}};
    for (const auto& pair : pairs) {
        if (name != pair.one && name != pair.other) continue;
        const std::string other = name == pair.one ? pair.other : pair.one;
        const auto there = number(records, other);
        if (there && std::abs(value - *there) > pair.tolerance * std::max(std::abs(value), std::abs(*there)))
            return fmt::format("another method ({}) says {:.4g}", other, *there);
    }
    return {};
}

std::string far_from_literature(const std::string& name, const records::Record& record, const References& references) {
    const std::string quantity = quantity_of(name);
    const double value = record.value.get<double>();
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto& group : references.groups)
        for (const auto& column : group.columns)
            for (const auto& cell : {name, quantity})
                if (const auto at = column.cells.find(cell); at != column.cells.end() && at->second.unit == record.unit) {
                    low = std::min(low, at->second.value);
                    high = std::max(high, at->second.value);
                }
    if (!(low <= high) || low <= 0) return {};
    const double factor = is_length(quantity) ? 1.05 : 2;
    if (value >= low / factor && value <= high * factor) return {};
    return low < high ? fmt::format("the literature on this page lies between {:.4g} and {:.4g}", low, high)
                      : fmt::format("the literature on this page has {:.4g}", low);
}

}  // namespace

std::vector<std::string> doubts_about(const std::string& name, const records::Records& records, const References& references) {
    const auto value = number(records, name);
    if (!value) return {};
    if (!std::isfinite(*value)) return {"is no number: the calculation failed"};
    std::vector<std::string> doubts{impossible(name, *value, records), contradicted(name, *value, records),
                                    far_from_literature(name, records.at(name), references)};
    std::erase(doubts, "");
    return doubts;
}

bool too_low(double observed, double nominal, double deviation) { return observed < nominal - std::max(0.1, 3 * deviation); }

std::string small_bars(const Source& source) {
    std::string out;
    for (const auto& evaluation : source.evaluations)
        for (const char* quantity : {"energy", "force", "stress"}) {
            const std::string name = fmt::format("{}_coverage_68", quantity);
            const auto observed = number(evaluation.records, name);
            if (observed && too_low(*observed, 0.68, evaluation.records.at(name).uncertainty.value_or(0)))
                out += fmt::format("{}{:.0f} % of {} errors on {}", out.empty() ? "" : ", ", 100 * *observed, quantity, evaluation.name);
        }
    return out.empty() ? out : "the error bar is probably too small: within bars of 68 % lie only " + out;
}

double zero_offset(const records::Records& evaluation) {
    const auto whole = number(evaluation, "energy_rmse"), about = number(evaluation, "energy_rmse_shifted");
    if (!whole || !about) return 0;
    const auto& settings = evaluation.at("energy_rmse").settings;
    const auto frames = settings.is_object() ? settings.value("values", nlohmann::json()) : nlohmann::json();
    if (frames.is_number() && frames.get<double>() < records::fewest_frames_of_a_zero) return 0;
    const double mean = std::sqrt(std::max(0.0, *whole * *whole - *about * *about));
    return another_zero(mean, *about) ? mean : 0;
}

}  // namespace alkali::report
