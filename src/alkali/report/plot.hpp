#pragma once
#include <optional>
#include <string>
#include <vector>

namespace alkali::report {

enum class Mark { points, line, dashed_line, line_and_points };
enum class Scale { linear, logarithmic };
/// Where the legend is least in the way.
enum class Legend { top_left, top_centre, top_right };

struct Point {
    double x = 0, y = 0;
    std::string note;  ///< shown when the point is hovered; plain text
};

struct Series {
    std::string name;  ///< in the legend; empty: not there
    Mark mark = Mark::points;
    int colour = 0;  ///< index into the page's palette (0..7)
    std::vector<Point> points;
};

/// What a figure shows. Points that are not finite, or not positive on a logarithmic axis, are left out.
struct Plot {
    std::string title = {}, x_label = {}, y_label = {};
    Scale x_scale = Scale::linear, y_scale = Scale::linear;
    bool parity = false;  ///< square, same range on both axes, with the line y = x
    Legend legend = Legend::top_right;
    std::string caption = {};  ///< below the figure; plain text
    std::vector<Series> series = {};
};

/// Ticks at 1, 2 or 5 times a power of ten inside [low, high], about `wanted` of them.
struct Ticks {
    double step = 0;
    std::vector<double> values;
};
[[nodiscard]] Ticks linear_ticks(double low, double high, int wanted);
/// Powers of ten inside [low, high] (and 2 and 5 times them where there are few).
[[nodiscard]] std::vector<double> logarithmic_ticks(double low, double high);

/// An <svg> element that scales with its container and takes its colours from the page (classes c0..c7, axis, grid).
/// Without any point that can be drawn: an empty string.
[[nodiscard]] std::string to_svg(const Plot& plot);

}  // namespace alkali::report
