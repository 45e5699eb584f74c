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
