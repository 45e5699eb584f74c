#include "alkali/math/rounding.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace alkali::math::rounding_tests {
namespace {

TEST(RoundingToFloat, is_not_optimised_away_on_arrays_of_vectors) {
    std::vector<Vec3> vectors(5, Vec3(0.1, 0.2, 0.3));
    for (Vec3& v : vectors) v = rounded_to_float(v);
    for (const Vec3& v : vectors) {
        EXPECT_EQ(v[0], 0.100000001490116119384765625);
        EXPECT_EQ(v[1], 0.20000000298023223876953125);
        EXPECT_EQ(v[2], 0.300000011920928955078125);
    }
}

}  // namespace
}  // namespace alkali::math::rounding_tests
