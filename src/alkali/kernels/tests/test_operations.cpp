#include <gtest/gtest.h>

#include <set>

#include "alkali/kernels/contract/operations.hpp"
#include "alkali/math/coupling.hpp"
#include "convolution_problem.hpp"

namespace alkali::kernels::testing::operations_tests {
namespace {

/// A number that counts what is done with it: a product is one, a product added to a sum two.
struct Tally {
    double operations = 0;
    void multiply() { operations += 1; }
    void multiply_add() { operations += 2; }
};

struct Counted {
    double forward = 0, backward = 0, tangent = 0, tangent_backward = 0, weights = 0;
};

/// Plain loops over one edge of one path as the formulas of docs/performance.md read, every step tallied.
Counted loop_over(int l1, int l2, int l3, int channels) {
    constexpr auto capacity = math::coupling_capacity(4, 4, 4);
    const auto table = math::coupling_terms<capacity>(l1, l2, l3);
    std::set<std::pair<int, int>> pairs;
    Tally folded;
    for (std::size_t t = 0; t < table.count; ++t) {
        pairs.insert({table.terms[t].m1, table.terms[t].m3});
        folded.multiply();  // C Y
    }
    // The backward pass finds D made; the others stand alone.
    Tally forward = folded, backward, tangent = folded, tangent_backward = folded, weights;
    if (l2 > 0) tangent.operations += folded.operations, tangent_backward.operations += folded.operations;  // C dY
    for (int u = 0; u < channels; ++u) {
        for (int m1 = -l1; m1 <= l1; ++m1) {
            forward.multiply();                                           // a = w x
            backward.multiply_add();                                      // dw += x h
            backward.multiply_add();                                      // dx += w h
            tangent.multiply();                                           // a = w x
            tangent.multiply();                                           // a' = w' x
            tangent.multiply_add();                                       // a' += w x'
            for (int n = 0; n < 5; ++n) tangent_backward.multiply_add();  // x += w h, x += w' k, dw += x h, dw += x' k, dw' += x k
        }
        backward.multiply_add();  // along the length: += w' dw
        tangent.multiply();       // w' = slope dx
        tangent_backward.multiply();
        tangent_backward.multiply();  // dw' dx
        for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
            forward.multiply_add();           // out += D a
            backward.multiply_add();          // h += D g
            tangent.multiply_add();           // out' += D a'
            tangent_backward.multiply_add();  // h += D A
            tangent_backward.multiply_add();  // k += D G
            if (l2 == 0) continue;
            backward.multiply_add();          // P += g a
            tangent.multiply_add();           // out' += D' a
            tangent_backward.multiply_add();  // h += D' G
        }
        for (int tap = 0; tap < 4; ++tap) weights.multiply_add();
    }
    if (l2 > 0)
        for (std::size_t t = 0; t < table.count; ++t) backward.multiply_add();  // dY += C P
    return {forward.operations, backward.operations, tangent.operations, tangent_backward.operations, weights.operations};
}

ConvolutionPlan one_path(int l1, int l2, int l3, int channels) {
    ConvolutionPlan plan;
    plan.l_max = l2;
    plan.paths.push_back({l1, l2, l3, padded(channels), 0, 0, 0, 0});
    complete(plan);
    return plan;
}

TEST(ConvolutionOperations, are_those_of_plain_loops_over_one_edge) {
    int paths = 0;
    for (int l1 = 0; l1 <= 3; ++l1)
        for (int l2 = 0; l2 <= 3; ++l2)
            for (int l3 = 0; l3 <= 3; ++l3) {
                if (!math::coupled(l1, l2, l3)) continue;
                SCOPED_TRACE(::testing::Message() << l1 << l2 << l3);
                const int channels = 5 + paths++;
                const std::array counts = {channels};
                const auto counted = convolution_operations(one_path(l1, l2, l3, channels), counts);
                const auto looped = loop_over(l1, l2, l3, channels);
                EXPECT_EQ(counted.forward, looped.forward);
                EXPECT_EQ(counted.backward, looped.backward);
                EXPECT_EQ(counted.tangent, looped.tangent);
                EXPECT_EQ(counted.tangent_backward, looped.tangent_backward);
                EXPECT_EQ(counted.radial_value, looped.weights);
                EXPECT_EQ(counted.radial_slope, looped.weights);
            }
    EXPECT_EQ(paths, 34);
}

TEST(ConvolutionOperations, add_up_over_paths_and_need_less_for_a_constant_input) {
    const auto first = one_path(1, 1, 2, 16), second = one_path(1, 2, 1, 16);
    ConvolutionPlan both;
    both.paths = {first.paths[0], second.paths[0]};
    complete(both);
    const auto sum = convolution_operations(both);
    EXPECT_EQ(sum.forward, convolution_operations(first).forward + convolution_operations(second).forward);
    EXPECT_EQ(sum.backward, convolution_operations(first).backward + convolution_operations(second).backward);
    const auto constant = convolution_operations(both, {}, ConvolutionInput::constant);
    EXPECT_LT(constant.forward, sum.forward);
    EXPECT_LT(constant.backward, sum.backward);
    EXPECT_EQ(constant.radial_value, sum.radial_value);
}

}  // namespace
}  // namespace alkali::kernels::testing::operations_tests
