#include "alkali/report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "alkali/report/text.hpp"

namespace alkali::report {

namespace {

constexpr double most_ticks = 100;     ///< whatever was asked for
constexpr double most_decades = 8;     ///< with a tick each
constexpr double largest = 1e300;      ///< what is drawn: the room around it must be a number too
constexpr double least_share = 1e-12;  ///< of its ends' size, that a range has at least: some thousand numbers that differ

constexpr double least_width = 1e-290;  ///< below it numbers lose their digits

double size_of(double low, double high) { return std::max(std::abs(low), std::abs(high)); }

/// The multiples k * step, first <= k <= last; none where they cannot be told apart or are too many.
std::vector<double> multiples(double first, double last, double step) {
    std::vector<double> values;
    const double count = last - first + 1;
    if (!(count >= 1) || count > most_ticks || !std::isfinite(first) || !std::isfinite(last)) return values;
    for (int k = 0; k < static_cast<int>(count); ++k) values.push_back((first + k) * step);
    return values;
}

}  // namespace

Ticks linear_ticks(double low, double high, int wanted) {
    const double width = high - low;
    if (!(width > 0) || !std::isfinite(width) || wanted < 1) return {};
    const double rough = width / std::min<double>(wanted, most_ticks / 4);
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double fraction = rough / power;
    const double step = power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
    // Steps that rounding swallows are no steps, nor are those below the smallest numbers.
    if (!std::isnormal(step) || step < 0.1 * least_share * size_of(low, high)) return {};
    const double tolerance = 1e-9 * width;
    return {step, multiples(std::ceil((low - tolerance) / step), std::floor((high + tolerance) / step), step)};
}

std::vector<double> logarithmic_ticks(double low, double high) {
    std::vector<double> ticks;
    if (!(low > 0) || !(high > low) || !std::isfinite(high)) return ticks;
    const double decades = std::log10(high) - std::log10(low);
    const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
    const int every = std::max(1, static_cast<int>(std::ceil(decades / most_decades)));
    for (int k = first; k <= last; ++k)
        for (const double factor : {1.0, 2.0, 5.0}) {
            if ((factor != 1.0 && decades > 2.5) || k % every != 0) continue;
            const double tick = factor * std::pow(10.0, k);
            if (std::isfinite(tick) && tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
        }
    return ticks;
}

namespace {

// User units of the viewBox; the page scales the whole.
struct Box {
    double width, height, left, right, top, bottom;
    [[nodiscard]] double inner_width() const { return width - left - right; }
    [[nodiscard]] double inner_height() const { return height - top - bottom; }
};
constexpr Box wide_box{560, 360, 66, 14, 34, 48};
constexpr Box square_box{400, 400, 66, 14, 34, 48};

constexpr double legend_line = 16;

/// A logarithmic axis keeps the logarithms of its ends: then both kinds are the same, and no ratio leaves the numbers.
struct Axis {
    Scale scale = Scale::linear;
    double low = std::numeric_limits<double>::infinity(), high = -low;

    [[nodiscard]] bool takes(double value) const { return std::abs(value) <= largest && (scale == Scale::linear || value > 0); }
    [[nodiscard]] double coordinate(double value) const { return scale == Scale::logarithmic ? std::log10(value) : value; }
    [[nodiscard]] double value(double coordinate) const { return scale == Scale::logarithmic ? std::pow(10.0, coordinate) : coordinate; }
    void include(double value) {
        low = std::min(low, coordinate(value));
        high = std::max(high, coordinate(value));
    }
    void include(const Axis& other) {
        low = std::min(low, other.low);
        high = std::max(high, other.high);
    }
    /// Room on both sides; a range of its own where all values are equal, or so nearly that only rounding is between them.
    void pad(double share) {
        const double width = high - low, rounding = std::max(least_share * size_of(low, high), least_width);
        double room = share * width;
        if (scale == Scale::logarithmic && !(width > least_share)) room = std::log10(2.0);
        if (scale == Scale::linear && !(width > rounding)) room = std::max(1e-3, 0.1 * std::abs(high));
        low -= room;
        high += room;
    }
    /// Room at the high end only, as a share of the whole.
    void raise(double share) { high = low + (high - low) / (1 - share); }
    /// 0 at low, 1 at high.
    [[nodiscard]] double position(double value) const { return (coordinate(value) - low) / (high - low); }
    [[nodiscard]] std::vector<std::pair<double, std::string>> ticks(int wanted) const {
        std::vector<std::pair<double, std::string>> out;
        constexpr double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::min();
        const bool linear_scale = scale == Scale::linear;
        const double first = linear_scale ? low : std::max(value(low), least), last = linear_scale ? high : std::min(value(high), most);
        if (scale == Scale::logarithmic) {
            for (const double tick : logarithmic_ticks(first, last)) out.emplace_back(tick, fmt::format("{:g}", tick));
            if (out.size() > 1) return out;
            out.clear();  // a small part of a decade
        }
        const auto linear = linear_ticks(first, last, wanted);
        for (const double tick : linear.values) out.emplace_back(tick, format_tick(tick, linear.step, size_of(first, last)));
        return out;
    }
};

class Drawing {
public:
    Drawing(const Plot& plot, Box box, Axis x, Axis y) : plot_(plot), box_(box), x_(x), y_(y) {}

    std::string render() {
        add("<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", box_.width, box_.height, escape(plot_.title));
        add("<text class=\"title\" x=\"{}\" y=\"19\">{}</text>\n", box_.left, escape(plot_.title));
        axes();
        if (plot_.parity)
            add("<line class=\"diagonal\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", box_.left,
                box_.top + box_.inner_height(), box_.left + box_.inner_width(), box_.top);
        for (const auto& series : plot_.series) draw(series);
        legend();
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    template <class... T>
    void add(fmt::format_string<T...> format, T&&... values) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<T>(values)...);
    }
    [[nodiscard]] double px(double x) const { return box_.left + box_.inner_width() * x_.position(x); }
    [[nodiscard]] double py(double y) const { return box_.top + box_.inner_height() * (1 - y_.position(y)); }
    [[nodiscard]] bool drawable(const Point& p) const { return x_.takes(p.x) && y_.takes(p.y); }

    void axes() {
        const double right = box_.left + box_.inner_width(), floor = box_.top + box_.inner_height();
        for (const auto& [value, label] : x_.ticks(plot_.parity ? 4 : 6)) {
            add("<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"/>", px(value), box_.top, floor);
            add("<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", px(value), floor + 16, label);
        }
        for (const auto& [value, label] : y_.ticks(5)) {
            add("<line class=\"grid\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>", box_.left, py(value), right, py(value));
            add("<text class=\"tick\" text-anchor=\"end\" x=\"{}\" y=\"{:.1f}\">{}</text>\n", box_.left - 6, py(value) + 4, label);
        }
        add("<path class=\"axis\" d=\"M{} {}V{}H{}\"/>\n", box_.left, box_.top, floor, right);
        add("<text class=\"label\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>\n", box_.left + box_.inner_width() / 2,
            box_.height - 10, escape(plot_.x_label));
        add("<text class=\"label\" text-anchor=\"middle\" transform=\"translate(15 {}) rotate(-90)\">{}</text>\n",
            box_.top + box_.inner_height() / 2, escape(plot_.y_label));
    }

    void draw(const Series& series) {
        const bool with_line = series.mark != Mark::points;
        if (with_line) {
            std::string path;
            for (const auto& p : series.points)
                if (drawable(p)) fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", path.empty() ? "M" : "L", px(p.x), py(p.y));
            add("<path class=\"line c{}{}\" d=\"{}\"/>\n", series.colour % 8, series.mark == Mark::dashed_line ? " dashed" : "", path);
        }
        if (series.mark == Mark::points || series.mark == Mark::line_and_points) {
            add("<g class=\"points c{}\">", series.colour % 8);
            const double radius = series.points.size() > 400 ? 1.9 : 2.8;
            for (const auto& p : series.points) {
                if (!drawable(p)) continue;
                add("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"", px(p.x), py(p.y), radius);
                if (!p.note.empty()) add(" data-note=\"{}\"", escape(p.note));
                out_ += "/>";
            }
            out_ += "</g>\n";
        }
    }

    void legend() {
        double y = box_.top + 14;
        constexpr double width = 168;
        double x = box_.width - box_.right - width;
        if (plot_.legend == Legend::top_left) x = box_.left + 12;
        if (plot_.legend == Legend::top_centre) x = box_.left + 0.5 * (box_.inner_width() - width) + 20;
        for (const auto& series : plot_.series) {
            if (series.name.empty()) continue;
            if (series.mark == Mark::points)
                add("<g class=\"points c{}\"><circle cx=\"{}\" cy=\"{}\" r=\"3.5\"/></g>", series.colour % 8, x + 9, y - 4);
            else
                add("<path class=\"line c{}{}\" d=\"M{} {}h18\"/>", series.colour % 8, series.mark == Mark::dashed_line ? " dashed" : "", x,
                    y - 4);
            add("<text class=\"legend\" x=\"{}\" y=\"{}\">{}</text>\n", x + 24, y, escape(series.name));
            y += legend_line;
        }
    }

    const Plot& plot_;
    Box box_;
    Axis x_, y_;
    std::string out_;
};

}  // namespace

std::string to_svg(const Plot& plot) {
    Axis x{plot.x_scale}, y{plot.y_scale};
    bool any = false;
    for (const auto& series : plot.series)
        for (const auto& p : series.points)
            if (x.takes(p.x) && y.takes(p.y)) {
                x.include(p.x);
                y.include(p.y);
                any = true;
            }
    if (!any) return {};
    if (plot.parity) {
        x.include(y);
        x.pad(0.04);
        y = x;
    } else {
        x.pad(0.02);
        y.pad(0.06);
        // The legend gets a band of its own above the curves.
        const auto named = std::count_if(plot.series.begin(), plot.series.end(), [](const Series& series) { return !series.name.empty(); });
        y.raise(std::min(0.4, static_cast<double>(named) * legend_line / wide_box.inner_height()));
    }
    return Drawing(plot, plot.parity ? square_box : wide_box, x, y).render();
}

}  // namespace alkali::report
