#include "alkali/report/plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace alkali::report::plot_tests {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

TEST(Ticks, stand_at_round_numbers_inside_the_range) {
    EXPECT_THAT(linear_ticks(0.03, 1.02, 5).values, ElementsAre(DoubleNear(0.2, 1e-12), DoubleNear(0.4, 1e-12), DoubleNear(0.6, 1e-12),
                                                                DoubleNear(0.8, 1e-12), DoubleNear(1.0, 1e-12)));
    EXPECT_THAT(linear_ticks(-7, 7, 3).values, ElementsAre(-5, 0, 5));
    EXPECT_THAT(linear_ticks(1, 1, 5).values, IsEmpty());
    EXPECT_THAT(linear_ticks(0, std::numeric_limits<double>::quiet_NaN(), 5).values, IsEmpty());
}

TEST(Ticks, of_a_logarithmic_axis_are_powers_of_ten_over_many_decades) {
    EXPECT_THAT(logarithmic_ticks(0.5, 2000),
                ElementsAre(DoubleNear(1, 1e-9), DoubleNear(10, 1e-9), DoubleNear(100, 1e-9), DoubleNear(1000, 1e-9)));
    EXPECT_THAT(logarithmic_ticks(1, 12), ElementsAre(DoubleNear(1, 1e-9), DoubleNear(2, 1e-9), DoubleNear(5, 1e-9), DoubleNear(10, 1e-9)));
    EXPECT_THAT(logarithmic_ticks(0, 1), IsEmpty());
}

TEST(Ticks, end_for_every_pair_of_ends) {
    constexpr double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::denorm_min();
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> ends{0,   1,    -1,    least, -least, 1e-310, 1e-300,   1e-30,     0.1,         3.0,
                             1e7, 1e17, -1e17, 1e300, most,   -most,  infinity, -infinity, std::nan("")};
    for (std::size_t i = 0, n = ends.size(); i < n; ++i)
        for (double end = ends[i], ulp = 0; ulp < 5; ++ulp) ends.push_back(end = std::nextafter(end, infinity));
    for (const double low : ends)
        for (const double high : ends)
            for (const int wanted : {-1, 0, 1, 5, 6, std::numeric_limits<int>::max()}) {
                const auto ticks = linear_ticks(low, high, wanted);
                ASSERT_LE(ticks.values.size(), 100u) << low << " " << high;
                for (const double tick : ticks.values) ASSERT_TRUE(std::isfinite(tick)) << low << " " << high;
                ASSERT_LE(logarithmic_ticks(low, high).size(), 20u) << low << " " << high;
            }
}

TEST(Ticks, that_rounding_swallows_are_left_out) {
    EXPECT_THAT(linear_ticks(1e17, 1e17 + 64, 5).values, IsEmpty());
    EXPECT_THAT(linear_ticks(-1.9, std::nextafter(-1.9, 0), 5).values, IsEmpty());
    EXPECT_THAT(linear_ticks(1e12, 1e12 + 4, 4).values, ElementsAre(1e12, 1e12 + 1, 1e12 + 2, 1e12 + 3, 1e12 + 4));
}

TEST(Ticks, of_many_decades_are_some_of_their_powers) {
    const auto ticks = logarithmic_ticks(1e-300, 1e300);
    EXPECT_GE(ticks.size(), 4u);
    EXPECT_LE(ticks.size(), 9u);
}

std::string drawing(const std::vector<double>& x, const std::vector<double>& y, Scale scale, bool parity) {
    Plot plot{.title = "t", .x_label = "x", .y_label = "y", .x_scale = scale, .y_scale = scale, .parity = parity, .series = {{}}};
    for (std::size_t i = 0; i < x.size(); ++i) plot.series[0].points.push_back({x[i], y[i], ""});
    plot.series[0].name = "series";
    return to_svg(plot);
}

TEST(Plot, of_any_numbers_is_small_and_holds_numbers_only) {
    const double ulp = std::nextafter(-1.9, 0), most = std::numeric_limits<double>::max();
    const std::vector<std::vector<double>> sets{{-1.9, ulp, -1.9},
                                                {1e17, 1e17 + 16, 1e17 + 32},
                                                {0, 5e-324, 1e-323},
                                                {1e-310, 3e-310, 2e-310},
                                                {-1e300, 1e300, 0},
                                                {most, -most, 1},
                                                {1, 1, 1},
                                                {1e-300, 1e300, 1},
                                                {3.1, 3.2, 3.15},
                                                {0, 0, 0},
                                                {1e8, 1e8 + 1e-3, 1e8},
                                                {INFINITY, -INFINITY, NAN}};
    for (const auto& x : sets)
        for (const auto& y : sets)
            for (const auto scale : {Scale::linear, Scale::logarithmic})
                for (const bool parity : {false, true}) {
                    const auto svg = drawing(x, y, scale, parity);
                    ASSERT_LT(svg.size(), 8000u) << x[1] << " " << y[1];
                    ASSERT_THAT(svg, Not(HasSubstr("nan"))) << x[1] << " " << y[1];
                    ASSERT_THAT(svg, Not(HasSubstr("inf"))) << x[1] << " " << y[1];
                }
}

TEST(Plot, over_a_part_of_a_decade_has_ticks_on_its_logarithmic_axes) {
    EXPECT_THAT(drawing({3.1, 3.3}, {3.1, 3.3}, Scale::logarithmic, true), HasSubstr(">3.20<"));
}

TEST(Plot, draws_one_circle_per_point_with_its_note) {
    const auto svg = to_svg(
        {.title = "t", .x_label = "x", .y_label = "y", .series = {{"", Mark::points, 0, {{0, 0, "frame 1 <b>"}, {1, 2, "frame 2"}}}}});
    EXPECT_EQ(count(svg, "<circle"), 2u);
    EXPECT_THAT(svg, HasSubstr("data-note=\"frame 1 &lt;b&gt;\""));
}

TEST(Plot, leaves_out_what_cannot_be_drawn) {
    Plot plot{.title = "t",
              .x_label = "x",
              .y_label = "y",
              .y_scale = Scale::logarithmic,
              .series = {{"", Mark::points, 0, {{1, 1, ""}, {2, 0, ""}, {3, std::nan(""), ""}, {4, 10, ""}}}}};
    const auto svg = to_svg(plot);
    EXPECT_EQ(count(svg, "<circle"), 2u);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(Plot, without_points_is_nothing) { EXPECT_EQ(to_svg({.title = "t", .x_label = "x", .y_label = "y", .series = {}}), ""); }

TEST(Plot, of_one_point_has_axes_that_are_finite) {
    const auto svg = to_svg({.title = "t", .x_label = "x", .y_label = "y", .series = {{"", Mark::points, 0, {{3, 3, ""}}}}});
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_EQ(count(svg, "<circle"), 1u);
}

TEST(Plot, of_parity_puts_equal_values_on_the_diagonal) {
    const auto svg = to_svg({.title = "t",
                             .x_label = "x",
                             .y_label = "y",
                             .parity = true,
                             .series = {{"", Mark::points, 0, {{0, 0, ""}, {2, 2, ""}, {0, 1, ""}}}}});
    // On the square figure the inner area is 320 x 318 from (66, 34): the diagonal's ends are its corners.
    EXPECT_THAT(svg, HasSubstr("class=\"diagonal\" x1=\"66.0\" y1=\"352.0\" x2=\"386.0\" y2=\"34.0\""));
}

}  // namespace
}  // namespace alkali::report::plot_tests
