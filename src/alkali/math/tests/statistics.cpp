#include "alkali/math/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"

namespace alkali::math::statistics_tests {
namespace {

TEST(Statistics, half_widths_are_those_of_the_normal_distribution) {
    EXPECT_NEAR(normal_half_width(0.5), 0.674489750196082, 1e-12);
    EXPECT_NEAR(normal_half_width(0.9), 1.644853626951473, 1e-12);
    EXPECT_NEAR(normal_half_width(std::erf(1 / std::sqrt(2.0))), 1, 1e-12);
}

TEST(Statistics, spearman_sees_order_alone_and_shares_ranks) {
    EXPECT_NEAR(spearman({1, 2, 3, 4}, {1, 10, 100, 1000}), 1, 1e-15);
    EXPECT_NEAR(spearman({1, 2, 3, 4}, {4, 3, 2, 1}), -1, 1e-15);
    // Ranks 0, 1.5, 1.5, 3 with 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
    EXPECT_NEAR(spearman({1, 2, 2, 3}, {1, 2, 3, 4}), 4.5 / std::sqrt(4.5 * 5), 1e-15);
    EXPECT_TRUE(std::isnan(spearman({1, 1}, {1, 2})));
}

TEST(Statistics, what_is_not_a_number_has_no_rank) {
    const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
    EXPECT_THROW(static_cast<void>(ascending({1, nan, 2})), InputError);
    EXPECT_THROW(static_cast<void>(spearman({1, 2, 3}, {nan, nan, nan})), InputError);
    EXPECT_THROW(static_cast<void>(median(std::vector<double>{nan, 1, 2})), InputError);
    EXPECT_EQ(ascending({infinity, 1, -infinity}), (std::vector<std::size_t>{2, 1, 0}));
    EXPECT_EQ(median(std::vector<double>{infinity, 1, 2}), 2);
}

}  // namespace
}  // namespace alkali::math::statistics_tests
