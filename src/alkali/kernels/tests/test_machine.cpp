#include <gtest/gtest.h>

#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/kernels/contract/machine.hpp"

namespace alkali::kernels::machine_tests {
namespace {

template <class T>
class MeasuredPeak : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(MeasuredPeak, Precisions);

TYPED_TEST(MeasuredPeak, is_given_for_every_instruction_set_that_has_kernels) {
    const auto peaks = measured_peaks<TypeParam>(1);
    const auto sets = simd_kernels<TypeParam>();
    ASSERT_EQ(peaks.size(), sets.size());
    for (std::size_t i = 0; i < sets.size(); ++i) {
        EXPECT_EQ(peaks[i].instruction_set, sets[i].name);
        // Between a slow core's scalar rate and what no core has: 64 float32 operations a cycle at 10 GHz.
        EXPECT_GT(peaks[i].gflops, 0.1);
        EXPECT_LT(peaks[i].gflops, 1000);
    }
}

TEST(MeasuredBandwidth, is_that_of_a_memory) {
    const double bandwidth = measured_bandwidth(1);
    EXPECT_GT(bandwidth, 1e8);
    EXPECT_LT(bandwidth, 1e12);
}

}  // namespace
}  // namespace alkali::kernels::machine_tests
