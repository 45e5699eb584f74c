#include "alkali/training/reliability.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "alkali/base/random.hpp"

namespace alkali::training::reliability_tests {
namespace {

/// Normal errors whose deviations are known, `scale` times too large.
Reliability drawn(double scale) {
    base::Random random(3);
    Reliability reliability;
    for (int frame = 0; frame < 100; ++frame) {
        reliability.begin_frame();
        for (int k = 0; k < 60; ++k) {
            const double deviation = std::exp(random.normal());
            reliability.add(deviation * random.normal(), scale * deviation);
        }
    }
    return reliability;
}

TEST(Reliability, true_deviations_cover_what_they_should) {
    const auto reliability = drawn(1);
    for (const double p : {0.5, 0.68, 0.9, 0.95}) {
        EXPECT_NEAR(reliability.coverage(p), p, 0.015);
        // 6000 independent errors: sqrt(p (1 - p) / 6000), and resampling 200 times knows that to some 5 %.
        EXPECT_NEAR(reliability.coverage_deviation(p), std::sqrt(p * (1 - p) / 6000), 0.4 * std::sqrt(p * (1 - p) / 6000));
    }
    const auto table = reliability.table(1);
    for (std::size_t g = 0; g < 10; ++g) EXPECT_NEAR(table["rmse"][g].get<double>() / table["std"][g].get<double>(), 1, 0.15);
}

TEST(Reliability, halved_deviations_cover_less) {
    // Half of the 90 % interval holds erf(1.645 / 2 / sqrt(2)) = 0.589 of the errors.
    EXPECT_NEAR(drawn(0.5).coverage(0.9), 0.589, 0.02);
}

TEST(Reliability, resampling_takes_frames_as_a_whole) {
    Reliability one;
    one.begin_frame();
    for (int k = 0; k < 10; ++k) one.add(k, 5);
    EXPECT_EQ(one.coverage_deviation(0.5), 0);  // one frame: always the same
}

}  // namespace
}  // namespace alkali::training::reliability_tests
