#include "alkali/report/text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace alkali::report::text_tests {
namespace {

TEST(ReportText, escape_leaves_nothing_that_html_would_read) {
    EXPECT_EQ(escape("<a href=\"x\">&'</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
}

TEST(ReportText, an_uncertainty_decides_the_digits) {
    EXPECT_EQ(format_number(3.49012, 0.003), "3.490(3)");
    EXPECT_EQ(format_number(3.51004, 0.00041), "3.5100(4)");
    EXPECT_EQ(format_number(13.887, 0.1), "13.89(10)");
    EXPECT_EQ(format_number(14.0, 1.0), "14.0(1.0)");
    EXPECT_EQ(format_number(-0.523, 0.02), "\u22120.52(2)");
    EXPECT_EQ(format_number(1234.0, 56.0), "1234(56)");
}

TEST(ReportText, without_uncertainty_significant_digits_stay) {
    EXPECT_EQ(format_number(3.4), "3.400");
    EXPECT_EQ(format_number(13.7, {}, 3), "13.7");
    EXPECT_EQ(format_number(0.0), "0");
    EXPECT_EQ(format_number(4.6e-8, {}, 2), "4.6×10<sup>\u22128</sup>");
}

TEST(ReportText, without_uncertainty_the_unit_decides) {
    EXPECT_EQ(format_quantity(3.42641, {}, "angstrom"), "3.4264");
    EXPECT_EQ(format_quantity(-13.707, {}, "GPa"), "\u221213.71");
    EXPECT_EQ(format_quantity(0.0268, {}, "GPa"), "0.0268");
    EXPECT_EQ(format_quantity(0.0, {}, "GPa"), "0.00");
    EXPECT_EQ(format_quantity(7e-15, {}, "meV/angstrom"), "0.000");
    EXPECT_EQ(format_plain(-13.707, {}, "GPa"), "-13.71");
    EXPECT_EQ(format_plain(1.5e-9, {}, "m^2/s"), "1.50e-9");
}

TEST(ReportText, what_is_no_number_is_said_so) {
    EXPECT_EQ(format_number(std::nan("")), "not a number");
    EXPECT_EQ(format_number(-std::numeric_limits<double>::infinity()), "\u2212∞");
}

TEST(ReportText, ticks_show_the_decimals_of_their_step) {
    EXPECT_EQ(format_tick(0.30000000000000004, 0.1), "0.3");
    EXPECT_EQ(format_tick(-1e-18, 0.5), "0.0");
    EXPECT_EQ(format_tick(200, 50), "200");
}

TEST(ReportText, of_ticks_far_from_1_has_a_power_of_ten_and_the_digits_that_tell_them_apart) {
    EXPECT_EQ(format_tick(1e12 + 1, 1, 1e12 + 4), "1.000000000001e+12");
    EXPECT_EQ(format_tick(2e-9, 1e-9, 5e-9), "2e-09");
    EXPECT_EQ(format_tick(-2e300, 1e300, 3e300), "\u22122e+300");
    EXPECT_EQ(format_tick(0, 1e300, 3e300), "0");
    EXPECT_LT(format_tick(1.5, 1e-320, 2).size(), 25u);
}

TEST(ReportText, of_numbers_of_any_size_is_short) {
    constexpr double least = std::numeric_limits<double>::denorm_min(), most = std::numeric_limits<double>::max();
    for (const double value : {0.0, 1.0, -3.49, least, -least, 1e-300, 1e-20, 1e20, most, -most})
        for (const double uncertainty : {0.0, least, 1e-300, 1e-13, 0.1, 1e9, 1e20, most})
            for (const char* unit : {"GPa", "eV", "angstrom", "meV/atom", "1"}) {
                const auto text = format_plain(value, uncertainty > 0 ? std::optional(uncertainty) : std::nullopt, unit);
                EXPECT_LT(text.size(), 40u) << text;
                EXPECT_EQ(text.find("inf"), std::string::npos) << text;
                EXPECT_EQ(text.find("nan"), std::string::npos) << text;
            }
    EXPECT_EQ(format_plain(5e-324, {}, "1"), "4.94e-324");
    EXPECT_EQ(format_plain(3e300, 2e299, "GPa"), "3.00e300 +- 2e299");
    EXPECT_EQ(format_plain(1e300, {}, "GPa"), "1.00e300");
}

TEST(ReportText, units_are_printed_in_their_signs) {
    EXPECT_EQ(pretty_unit("eV/angstrom^2"), "eV/Å²");
    EXPECT_EQ(pretty_unit("1"), "");
}

}  // namespace
}  // namespace alkali::report::text_tests
