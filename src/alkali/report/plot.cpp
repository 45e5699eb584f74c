#include "alkali/report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "alkali/report/text.hpp"

namespace alkali::report {

Ticks linear_ticks(double low, double high, int wanted) {
    Ticks ticks;
    if (!(high > low) || wanted < 1) return ticks;
    const double rough = (high - low) / wanted;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double fraction = rough / power;
    ticks.step = power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
    const double tolerance = 1e-9 * (high - low);
    for (double k = std::ceil((low - tolerance) / ticks.step); k * ticks.step <= high + tolerance; ++k)
        ticks.values.push_back(k * ticks.step);
    return ticks;
}

std::vector<double> logarithmic_ticks(double low, double high) {
    std::vector<double> ticks;
    if (!(low > 0) || !(high > low)) return ticks;
    const double decades = std::log10(high / low);
    for (int k = static_cast<int>(std::floor(std::log10(low))); k <= std::ceil(std::log10(high)); ++k)
        for (const double factor : {1.0, 2.0, 5.0}) {
            if (factor != 1.0 && decades > 2.5) continue;
            const double tick = factor * std::pow(10.0, k);
            if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
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

struct Axis {
    Scale scale = Scale::linear;
    double low = std::numeric_limits<double>::infinity(), high = -low;

    [[nodiscard]] bool takes(double value) const { return std::isfinite(value) && (scale == Scale::linear || value > 0); }
    void include(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    /// Room on both sides; a range of its own where all values are equal.
    void pad(double share) {
        if (scale == Scale::logarithmic) {
            const double factor = high > low ? std::pow(high / low, share) : 2.0;
            low /= factor;
            high *= factor;
        } else {
            const double room = high > low ? share * (high - low) : std::max(1e-3, 0.1 * std::abs(high));
            low -= room;
            high += room;
        }
    }
    /// Room at the high end only, as a share of the whole.
    void raise(double share) {
        const double grow = 1 / (1 - share);
        high = scale == Scale::logarithmic ? low * std::pow(high / low, grow) : low + grow * (high - low);
    }
    /// 0 at low, 1 at high.
    [[nodiscard]] double position(double value) const {
        if (scale == Scale::logarithmic) return std::log(value / low) / std::log(high / low);
        return (value - low) / (high - low);
    }
    [[nodiscard]] std::vector<std::pair<double, std::string>> ticks(int wanted) const {
        std::vector<std::pair<double, std::string>> out;
        if (scale == Scale::logarithmic) {
            for (const double value : logarithmic_ticks(low, high)) out.emplace_back(value, fmt::format("{:g}", value));
            return out;
        }
        const auto linear = linear_ticks(low, high, wanted);
        for (const double value : linear.values) out.emplace_back(value, format_tick(value, linear.step));
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
            add("<line class=\"diagonal\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", px(x_.low), py(x_.low), px(x_.high),
                py(x_.high));
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
        x.include(y.low);
        x.include(y.high);
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
