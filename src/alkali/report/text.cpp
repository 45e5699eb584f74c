#include "alkali/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "alkali/base/printable.hpp"

namespace alkali::report {

std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : base::printable(text)) {
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

std::string first_letters(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80; };
    while (most > 0 && inside(most)) --most;
    return std::string(text.substr(0, most));
}

namespace {

int magnitude(double value) { return static_cast<int>(std::floor(std::log10(std::abs(value)))); }

std::string with_true_minus(std::string text) {
    if (!text.empty() && text.front() == '-') text.replace(0, 1, "\u2212");
    return text;
}

/// Not by a factor 10^n: that one need not be a number where the value is.
std::string power_of_ten(double value, int significant) {
    const std::string text = fmt::format("{:.{}e}", value, std::max(0, significant - 1));
    const auto e = text.find('e');
    return fmt::format("{}×10<sup>{}</sup>", text.substr(0, e), with_true_minus(std::to_string(std::stoi(text.substr(e + 1)))));
}

// Beyond these, digits one by one are no longer for reading.
constexpr double large = 1e12, small = 1e-12;

}  // namespace

std::string format_number(double value, std::optional<double> uncertainty, int significant) {
    if (std::isnan(value)) return "not a number";
    if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
    if (uncertainty && *uncertainty > 0 && std::isfinite(*uncertainty)) {
        if (std::abs(value) >= large || *uncertainty >= large || (*uncertainty < small && std::abs(value) < 1e6 * small))
            return with_true_minus((value == 0 ? "0" : power_of_ten(value, significant)) + " ± " + power_of_ten(*uncertainty, 1));
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
    const bool tiny = decimals && value != 0 && std::abs(value) < 10 * std::pow(10.0, -*decimals);
    if (uncertainty || !decimals || tiny || !(std::abs(value) < large)) return format_number(value, uncertainty, 3);
    return with_true_minus(fmt::format("{:.{}f}", value, *decimals));
}

std::string format_plain(double value, std::optional<double> uncertainty, std::string_view unit) {
    std::string text = format_quantity(value, uncertainty, unit);
    replace_all(text, "×10<sup>", "e");
    replace_all(text, "</sup>", "");
    replace_all(text, "\u2212", "-");
    replace_all(text, "∞", "inf");
    replace_all(text, " ± ", " +- ");
    return text;
}

std::string format_tick(double value, double step, double largest) {
    if (!(step > 0) || !std::isfinite(step)) return with_true_minus(fmt::format("{:g}", value));
    if (std::abs(value) < 1e-9 * step) value = 0;
    const int of_step = static_cast<int>(std::floor(std::log10(step) + 1e-9));
    const double most = std::max({std::abs(value), std::abs(largest), step});
    if (most < 1e7 && of_step >= (most < 1e-4 ? -6 : -13)) return with_true_minus(fmt::format("{:.{}f}", value, std::max(0, -of_step)));
    // With a power of ten: as many digits as tell a value from the next.
    if (value == 0) return "0";
    const int digits = std::clamp(magnitude(value) - of_step, 0, 16);
    return with_true_minus(fmt::format("{:.{}e}", value, digits));
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
