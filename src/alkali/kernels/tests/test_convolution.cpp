#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "convolution_problem.hpp"

namespace alkali::kernels::testing::convolution_tests {
namespace {

template <class T>
class Convolution : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Convolution, Precisions);

std::vector<Shape> shapes() {
    return {{0, 0, 0, {16}, Radial::spline, true},
            {0, 2, 2, {48}, Radial::spline, false},
            {1, 1, 1, {32, 16}, Radial::rows, true},
            {2, 2, 2, {32, 80, 16}, Radial::spline, true},
            {2, 2, 2, {16, 48, 64}, Radial::rows, false},
            {3, 3, 3, {16, 32, 16, 16}, Radial::spline, true},
            {4, 4, 4, {16, 16, 16, 16, 16}, Radial::spline, true},
            {4, 4, 4, {16, 16, 16, 16, 16}, Radial::rows, false}};
}

/// Sums of several thousand terms in another order and with fused multiplications.
template <class T>
constexpr double tolerance = 128 * static_cast<double>(std::numeric_limits<T>::epsilon());

template <class T>
void expect_equal_to_reference(const KernelSet<T>& set, const Shape& shape, std::uint64_t seed) {
    SCOPED_TRACE(set.name + ", l up to " + std::to_string(shape.l_max) + ", problem " + std::to_string(seed));
    const auto problem = make_problem<T>(shape, seed);
    const auto exact = make_problem<double>(shape, seed);
    const auto& reference = reference_kernels<double>();
    EXPECT_LT(relative_difference(run_forward(set, problem), run_forward(reference, exact)), tolerance<T>);
    EXPECT_LT(relative_difference(run_tangent(set, problem), run_tangent(reference, exact)), tolerance<T>);

    const auto back = run_backward(set, problem), back_exact = run_backward(reference, exact);
    EXPECT_LT(relative_difference(back.input, back_exact.input), tolerance<T>);
    EXPECT_LT(relative_difference(back.edges, back_exact.edges), tolerance<T>);

    const auto second = run_tangent_backward(set, problem), second_exact = run_tangent_backward(reference, exact);
    EXPECT_LT(relative_difference(second.input, second_exact.input), tolerance<T>);
    EXPECT_LT(relative_difference(second.coefficients, second_exact.coefficients), tolerance<T>);
    EXPECT_LT(relative_difference(second.rows, second_exact.rows), tolerance<T>);
    EXPECT_LT(relative_difference(second.slopes, second_exact.slopes), tolerance<T>);
}

TYPED_TEST(Convolution, of_every_instruction_set_equals_the_reference_in_float64) {
    std::uint64_t seed = 1;
    for (const auto& shape : shapes()) {
        for (const auto& set : all_kernels<TypeParam>()) expect_equal_to_reference(set, shape, seed);
        ++seed;
    }
}

TYPED_TEST(Convolution, gives_the_same_derivatives_when_the_input_gradient_is_not_wanted) {
    const auto problem = make_problem<TypeParam>({2, 2, 2, {16, 32, 16}, Radial::spline, true}, 5);
    for (const auto& set : all_kernels<TypeParam>()) {
        EXPECT_EQ(run_backward(set, problem, InputGradient::null).edges, run_backward(set, problem).edges) << set.name;
        EXPECT_EQ(run_tangent_backward(set, problem, InputGradient::null).coefficients, run_tangent_backward(set, problem).coefficients)
            << set.name;
    }
}

TYPED_TEST(Convolution, adds_to_the_gradients_that_are_sums_over_layers) {
    const auto problem = make_problem<TypeParam>({1, 1, 1, {16, 16}, Radial::spline, true}, 6);
    for (const auto& set : all_kernels<TypeParam>()) {
        const auto once = run_backward(set, problem);
        auto a = backward_view(problem);
        std::vector<Vec3> edges(problem.edges(), Vec3(2, 3, 4));
        a.edge_gradient = edges.data();
        set.convolution.backward(a, 0, problem.atoms);
        for (std::size_t e = 0; e < edges.size(); ++e)
            for (int k = 0; k < 3; ++k)
                EXPECT_NEAR(edges[e][k], 2.0 + k + once.edges[3 * e + static_cast<std::size_t>(k)], 1e-10) << set.name;
    }
}

TYPED_TEST(Convolution, is_zero_for_atoms_without_edges_and_for_edges_beyond_the_cutoff) {
    auto problem = make_problem<TypeParam>({2, 2, 2, {16, 16, 16}, Radial::spline, true}, 7);
    for (Vec3& r : problem.vector) r *= 1 + problem.r_max / r.norm();
    for (const auto& set : all_kernels<TypeParam>()) {
        EXPECT_EQ(largest(run_forward(set, problem)), 0) << set.name;
        EXPECT_EQ(largest(run_tangent(set, problem)), 0) << set.name;
        const auto back = run_backward(set, problem);
        EXPECT_EQ(largest(back.input), 0) << set.name;
        EXPECT_EQ(largest(back.edges), 0) << set.name;
        EXPECT_EQ(largest(run_tangent_backward(set, problem).coefficients), 0) << set.name;
    }
}

// The four kernels tied together without a second implementation: the forward pass is linear in input, in harmonics and in
// weights, so that derivatives are values of the pass itself.

TEST(ConvolutionDerivatives, backward_is_the_transpose_of_tangent) {
    for (const auto& shape : shapes())
        for (const auto& set : all_kernels<double>()) {
            const auto p = make_problem<double>(shape, 11);
            const auto back = run_backward(set, p);
            double expected = dot(back.edges, flattened(p.vector_tangent));
            if (p.has_input_tangent) expected += dot(back.input, to_double(p.input_tangent));
            const double got = dot(to_double(p.output_gradient), run_tangent(set, p));
            EXPECT_NEAR(got, expected, 1e-11 * (std::abs(expected) + 100)) << set.name << " l " << shape.l_max;
        }
}

/// O = <adjoint, out> + <gradient, tangent of out>: what the reverse of the tangent pass differentiates.
double objective(const KernelSet<double>& set, const Problem<double>& p) {
    return dot(to_double(p.output_adjoint), run_forward(set, p)) + dot(to_double(p.output_gradient), run_tangent(set, p));
}

TEST(ConvolutionDerivatives, tangent_backward_is_the_gradient_of_the_objective_in_the_weights) {
    for (const auto& shape : shapes())
        for (const auto& set : all_kernels<double>()) {
            const auto p = make_problem<double>(shape, 12);
            auto direction = make_problem<double>(shape, 13);
            const auto gradient = run_tangent_backward(set, p);
            auto q = p;
            q.coefficients = direction.coefficients;
            q.rows = direction.rows;
            q.slopes = direction.slopes;
            const double got = p.radial == Radial::spline
                                   ? dot(gradient.coefficients, to_double(q.coefficients))
                                   : dot(gradient.rows, to_double(q.rows)) + dot(gradient.slopes, to_double(q.slopes));
            const double expected = objective(set, q);
            EXPECT_NEAR(got, expected, 1e-11 * (std::abs(expected) + 100)) << set.name << " l " << shape.l_max;
        }
}

TEST(ConvolutionDerivatives, tangent_backward_is_the_gradient_of_the_objective_in_the_input) {
    for (const auto& shape : shapes())
        for (const auto& set : all_kernels<double>()) {
            const auto p = make_problem<double>(shape, 14);
            auto q = p;
            q.input = make_problem<double>(shape, 15).input;
            q.has_input_tangent = false;
            const double got = dot(run_tangent_backward(set, p).input, to_double(q.input)), expected = objective(set, q);
            EXPECT_NEAR(got, expected, 1e-11 * (std::abs(expected) + 100)) << set.name << " l " << shape.l_max;
        }
}

TEST(ConvolutionDerivatives, tangent_is_the_finite_difference_of_forward) {
    const Shape shape{2, 3, 2, {16, 16, 16}, Radial::spline, false};
    auto p = make_problem<double>(shape, 16);
    // Away from the knots, where the third derivative jumps.
    for (std::size_t e = 0; e < p.edges(); ++e) p.vector[e] *= p.r_max * (static_cast<double>(e % 12) + 0.4) / 12 / p.vector[e].norm();
    const double step = 1e-5;
    for (const auto& set : all_kernels<double>()) {
        auto up = p, down = p;
        for (std::size_t e = 0; e < p.edges(); ++e) {
            up.vector[e] += step * p.vector_tangent[e];
            down.vector[e] -= step * p.vector_tangent[e];
        }
        auto difference = run_forward(set, up);
        const auto lower = run_forward(set, down);
        for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = (difference[i] - lower[i]) / (2 * step);
        EXPECT_LT(relative_difference(run_tangent(set, p), difference), 1e-7) << set.name;
    }
}

TYPED_TEST(Convolution, sees_vectors_rounded_to_float32_where_asked) {
    const auto problem = make_problem<TypeParam>({1, 1, 1, {16, 16}, Radial::spline, true}, 17);
    auto rounded = problem;
    for (Vec3& r : rounded.vector) r = math::rounded_to_float(r);
    for (const auto& set : all_kernels<TypeParam>()) {
        auto out = base::AlignedVector<TypeParam>(problem.output_gradient.size());
        auto a = forward_view(problem);
        a.edges.rounded = true;
        a.output = out.data();
        set.convolution.forward(a, 0, problem.local);
        EXPECT_EQ(to_double(out), run_forward(set, rounded)) << set.name;
    }
}

TYPED_TEST(Convolution, takes_a_cutoff_for_each_edge) {
    auto problem = make_problem<TypeParam>({1, 1, 1, {16, 16}, Radial::spline, true}, 18);
    const std::vector<double> cutoffs(problem.edges(), 0.75 * problem.r_max);
    for (const auto& set : all_kernels<TypeParam>()) {
        auto out = base::AlignedVector<TypeParam>(problem.output_gradient.size());
        auto a = forward_view(problem);
        a.edges.cutoff = cutoffs.data();
        a.output = out.data();
        set.convolution.forward(a, 0, problem.local);
        auto shorter = problem;
        shorter.r_max *= 0.75;
        EXPECT_EQ(to_double(out), run_forward(set, shorter)) << set.name;
    }
}

}  // namespace
}  // namespace alkali::kernels::testing::convolution_tests
