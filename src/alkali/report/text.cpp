#include "alkali/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace alkali::report {

std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

namespace {

int magnitude(double value) { return static_cast<int>(std::floor(std::log10(std::abs(value)))); }

std::string with_true_minus(std::string text) {
    if (!text.empty() && text.front() == '-') text.replace(0, 1, "\u2212");
    return text;
}

std::string power_of_ten(double value, int significant) {
    const int exponent = magnitude(value);
    return fmt::format("{:.{}f}×10<sup>{}</sup>", value * std::pow(10.0, -exponent), significant - 1,
                       with_true_minus(std::to_string(exponent)));
}

}  // namespace

std::string format_number(double value, std::optional<double> uncertainty, int significant) {
    if (std::isnan(value)) return "not a number";
    if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
    if (uncertainty && *uncertainty > 0 && std::isfinite(*uncertainty)) {
        // One digit of the uncertainty, two where the first is a 1.
        int decimals = -magnitude(*uncertainty);
        if (*uncertainty * std::pow(10.0, decimals) < 1.95) ++decimals;
        decimals = std::clamp(decimals, 0, 12);
        const auto last_digits = std::lround(*uncertainty * std::pow(10.0, decimals));
        const std::string bracket =
            decimals == 0 || *uncertainty < 1 ? std::to_string(last_digits) : fmt::format("{:.{}f}", *uncertainty, decimals);
        return with_true_minus(fmt::format("{:.{}f}", value, decimals)) + "(" + bracket + ")";
    }
    if (value == 0) return "0";
    const int exponent = magnitude(value);
    if (exponent < -5 || exponent > 6) return with_true_minus(power_of_ten(value, significant));
    return with_true_minus(fmt::format("{:.{}f}", value, std::max(0, significant - 1 - exponent)));
}

namespace {

/// Decimals that say enough where no uncertainty decides; none: significant digits instead.
std::optional<int> usual_decimals(std::string_view unit) {
    if (unit == "angstrom" || unit == "eV/angstrom^2") return 4;
    if (unit == "eV/atom") return 4;
    if (unit == "eV" || unit == "angstrom^3" || unit == "angstrom^3/atom" || unit == "THz") return 3;
    if (unit == "GPa") return 2;
    return {};
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

}  // namespace

std::string format_quantity(double value, std::optional<double> uncertainty, std::string_view unit) {
    const auto decimals = usual_decimals(unit);
    // Errors that are zero but for rounding.
    if (!uncertainty && unit.starts_with("meV") && std::abs(value) < 1e-3) return "0.000";
    const bool small = decimals && value != 0 && std::abs(value) < 10 * std::pow(10.0, -*decimals);
    if (uncertainty || !decimals || small || !std::isfinite(value)) return format_number(value, uncertainty, 3);
    return with_true_minus(fmt::format("{:.{}f}", value, *decimals));
}

std::string format_plain(double value, std::optional<double> uncertainty, std::string_view unit) {
    std::string text = format_quantity(value, uncertainty, unit);
    replace_all(text, "×10<sup>", "e");
    replace_all(text, "</sup>", "");
    replace_all(text, "\u2212", "-");
    replace_all(text, "∞", "inf");
    return text;
}

std::string format_tick(double value, double step) {
    if (std::abs(value) < 1e-9 * step) value = 0;
    const int decimals = step > 0 ? std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9))) : 3;
    return with_true_minus(fmt::format("{:.{}f}", value, decimals));
}

std::string pretty_unit(std::string_view unit) {
    if (unit == "1") return "";
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> replacements{
        {{"angstrom", "Å"}, {"^2", "²"}, {"^3", "³"}}};
    std::string out(unit);
    for (const auto& [from, to] : replacements) replace_all(out, from, to);
    return out;
}

}  // namespace alkali::report
