#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "alkali/base/aligned.hpp"
#include "alkali/base/random.hpp"
#include "convolution_problem.hpp"

namespace alkali::kernels::testing::embedding_tests {
namespace {

template <class T>
using Rows = base::AlignedVector<T>;

template <class T>
Rows<T> random_rows(std::size_t size, base::Random& random) {
    Rows<T> rows(size);
    for (T& value : rows) value = static_cast<T>(random.normal());
    return rows;
}

double dot(const auto& a, const auto& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

template <class T>
void expect_close(const Rows<T>& got, const Rows<T>& expected, const std::string& what) {
    ASSERT_EQ(got.size(), expected.size());
    double largest = 1, worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        largest = std::max(largest, static_cast<double>(std::abs(expected[i])));
        worst = std::max(worst, static_cast<double>(std::abs(got[i] - expected[i])));
    }
    EXPECT_LT(worst, 200 * static_cast<double>(std::numeric_limits<T>::epsilon()) * largest) << what;
}

/// Atoms with 0, 1, 2, ... edges, random numbers everywhere; 37 of `width` channels.
template <class T>
struct Embedding {
    static constexpr int atoms = 6, channels = 37, width = 48, rows = 30, axis = 5;
    std::vector<std::int32_t> first{0}, row;
    Rows<T> basis, slope, q, table, q_tangent, number_tangent, adjoint, tangent_adjoint;

    Embedding() {
        base::Random random(5);
        for (int i = 0; i < atoms; ++i) first.push_back(first.back() + 3 * i);
        const auto edges = static_cast<std::size_t>(first.back());
        for (std::size_t e = 0; e < edges; ++e) row.push_back(static_cast<std::int32_t>(random.below(rows - 3)));
        basis = random_rows<T>(4 * edges, random);
        slope = random_rows<T>(4 * edges, random);
        q = random_rows<T>(4 * edges, random);
        q_tangent = random_rows<T>(4 * edges, random);
        number_tangent = random_rows<T>(edges, random);
        table = random_rows<T>(rows * width, random);
        adjoint = random_rows<T>(4 * atoms * width, random);
        tangent_adjoint = random_rows<T>(4 * atoms * width, random);
    }
    [[nodiscard]] EmbeddingEdges<T> edges() const {
        return {first.data(), row.data(), basis.data(), slope.data(), q.data(), table.data(), width};
    }
    [[nodiscard]] Rows<T> moments(const KernelSet<T>& set) const {
        Rows<T> out(4 * atoms * width, T(7));
        set.embedding.forward({edges(), out.data()}, 0, atoms);
        return out;
    }
    [[nodiscard]] Rows<T> gradient(const KernelSet<T>& set) const {
        Rows<T> out(5 * row.size(), T(7));
        set.embedding.backward({edges(), adjoint.data(), out.data()}, 0, atoms);
        return out;
    }
    [[nodiscard]] EmbedTangent<T> moved(T* out) const { return {edges(), q_tangent.data(), number_tangent.data(), out}; }
    [[nodiscard]] Rows<T> tangent(const KernelSet<T>& set) const {
        Rows<T> out(4 * atoms * width, T(7));
        set.embedding.tangent(moved(out.data()), 0, atoms);
        return out;
    }
    [[nodiscard]] Rows<T> table_gradient(const KernelSet<T>& set) const {
        Rows<T> out(table.size(), T(0.5));
        set.embedding.tangent_backward({moved(nullptr), adjoint.data(), tangent_adjoint.data(), out.data()}, 0, atoms);
        return out;
    }
    [[nodiscard]] Rows<T> gram(const KernelSet<T>& set, const T* left) const {
        const int size = gram_size(channels, axis);
        Rows<T> out(static_cast<std::size_t>(atoms * size), T(7));
        set.embedding.gram({atoms, channels, axis, width, left, adjoint.data(), out.data(), size});
        return out;
    }
    [[nodiscard]] Rows<T> gram_backward(const KernelSet<T>& set, const Rows<T>& gradient, bool accumulate) const {
        Rows<T> out(4 * atoms * width, T(0.25));
        set.embedding.gram_backward(
            {atoms, channels, axis, width, adjoint.data(), gradient.data(), gram_size(channels, axis), out.data(), accumulate});
        return out;
    }
};

template <class T>
class Embeddings : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Embeddings, Precisions);

TYPED_TEST(Embeddings, of_every_instruction_set_agree_with_the_plain_loops) {
    using T = TypeParam;
    const Embedding<T> p;
    const auto& plain = reference_kernels<T>();
    base::Random random(9);
    const auto gradient = random_rows<T>(static_cast<std::size_t>(p.atoms * gram_size(p.channels, p.axis)), random);
    for (const auto& set : all_kernels<T>()) {
        expect_close(p.moments(set), p.moments(plain), set.name + " moments");
        expect_close(p.gradient(set), p.gradient(plain), set.name + " gradient");
        expect_close(p.tangent(set), p.tangent(plain), set.name + " tangent");
        expect_close(p.table_gradient(set), p.table_gradient(plain), set.name + " table gradient");
        expect_close(p.gram(set, nullptr), p.gram(plain, nullptr), set.name + " gram");
        expect_close(p.gram(set, p.tangent_adjoint.data()), p.gram(plain, p.tangent_adjoint.data()), set.name + " gram tangent");
        for (const bool accumulate : {false, true})
            expect_close(p.gram_backward(set, gradient, accumulate), p.gram_backward(plain, gradient, accumulate),
                         set.name + " gram backward");
    }
}

TEST(Embedding, gradient_is_the_transpose_of_the_tangent) {
    const Embedding<double> p;
    const auto& set = reference_kernels<double>();
    const auto gradient = p.gradient(set);
    double along = 0;
    for (std::size_t e = 0; e < p.row.size(); ++e) {
        for (std::size_t k = 0; k < 4; ++k) along += gradient[5 * e + k] * p.q_tangent[4 * e + k];
        along += gradient[5 * e + 4] * p.number_tangent[e];
    }
    EXPECT_NEAR(along, dot(p.adjoint, p.tangent(set)), 1e-10 * std::abs(along));
}

TEST(Embedding, table_gradient_times_the_table_is_the_objective_since_that_is_linear_in_it) {
    const Embedding<double> p;
    const auto& set = reference_kernels<double>();
    auto gradient = p.table_gradient(set);
    for (double& value : gradient) value -= 0.5;  // it is added to what was there
    const double objective = dot(p.adjoint, p.moments(set)) + dot(p.tangent_adjoint, p.tangent(set));
    EXPECT_NEAR(dot(gradient, p.table), objective, 1e-10 * std::abs(objective));
}

TEST(Embedding, gram_backward_is_the_transpose_of_its_tangent) {
    const Embedding<double> p;
    const auto& set = reference_kernels<double>();
    base::Random random(2);
    const auto gradient = random_rows<double>(static_cast<std::size_t>(p.atoms * gram_size(p.channels, p.axis)), random);
    auto back = p.gram_backward(set, gradient, false);
    auto direction = p.tangent_adjoint;
    for (int r = 0; r < 4 * p.atoms; ++r) std::fill_n(direction.begin() + r * p.width + p.channels, p.width - p.channels, 0.0);
    EXPECT_NEAR(dot(back, direction), dot(gradient, p.gram(set, direction.data())), 1e-9);
}

/// Two groups of neighbours and what is asked of them.
template <class T>
struct Triplets {
    static constexpr int count[2] = {13, 21}, room = 48;
    TripletAxis axis{0.7, -3.5, 20, 143};
    Rows<T> u[2][3], v[2][3], line;

    Triplets() {
        base::Random random(4);
        for (int g = 0; g < 2; ++g)
            for (int a = 0; a < 3; ++a) {
                u[g][a].assign(room, T(0));
                v[g][a].assign(room, T(0));
                for (int j = 0; j < count[g]; ++j) {
                    u[g][a][static_cast<std::size_t>(j)] = static_cast<T>(random.normal());
                    v[g][a][static_cast<std::size_t>(j)] = static_cast<T>(random.normal());
                }
            }
        line = random_rows<T>(static_cast<std::size_t>(axis.rows), random);
    }
    [[nodiscard]] static TripletGroup<T> group(const Rows<T> (&rows)[3], int count) {
        return {count, {rows[0].data(), rows[1].data(), rows[2].data()}};
    }
    [[nodiscard]] TripletGroup<T> at(int g) const { return group(u[g], count[g]); }
    [[nodiscard]] TripletGroup<T> moving(int g) const { return group(v[g], count[g]); }

    [[nodiscard]] Rows<T> histogram(const KernelSet<T>& set, bool same) const {
        Rows<T> out(line.size(), T(0));
        set.triplet.forward({axis, at(0), at(same ? 0 : 1), same, out.data()});
        return out;
    }
    /// Both histograms, one after the other.
    [[nodiscard]] Rows<T> tangent(const KernelSet<T>& set, bool same) const {
        Rows<T> out(2 * line.size(), T(0));
        const int other = same ? 0 : 1;
        set.triplet.tangent({axis, at(0), at(other), moving(0), moving(other), same, out.data(), out.data() + line.size()});
        return out;
    }
    /// Gradients of the first group, then of the second, three rows each.
    [[nodiscard]] Rows<T> gradient(const KernelSet<T>& set, bool same) const {
        Rows<T> out(6 * room, T(0));
        TripletBackward<T> b{axis, at(0), at(same ? 0 : 1), same, line.data(), {}, {}};
        for (int a = 0; a < 3; ++a) {
            b.first_gradient[a] = out.data() + a * room;
            b.second_gradient[a] = out.data() + (same ? a : 3 + a) * room;
        }
        set.triplet.backward(b);
        return out;
    }
};

template <class T>
class TripletSums : public ::testing::Test {};
TYPED_TEST_SUITE(TripletSums, Precisions);

TYPED_TEST(TripletSums, of_every_instruction_set_agree_with_the_plain_loops) {
    using T = TypeParam;
    const Triplets<T> p;
    const auto& plain = reference_kernels<T>();
    for (const auto& set : all_kernels<T>())
        for (const bool same : {false, true}) {
            // A pair beside a knot may be counted into either interval; what counts is the sum with any smooth table.
            for (int degree = 0; degree < 3; ++degree) {
                const auto moment = [&](const Rows<T>& histogram, std::size_t offset) {
                    double sum = 0;
                    for (std::size_t r = 0; r < p.line.size(); ++r)
                        sum += static_cast<double>(histogram[offset + r]) * std::pow(0.02 * static_cast<double>(r) - 1.4, degree);
                    return sum;
                };
                const auto tolerance = 1e4 * static_cast<double>(std::numeric_limits<T>::epsilon());
                const double expected = moment(p.histogram(plain, same), 0);
                EXPECT_NEAR(moment(p.histogram(set, same), 0), expected, tolerance) << set.name;
                for (const std::size_t offset : {std::size_t{0}, p.line.size()})
                    EXPECT_NEAR(moment(p.tangent(set, same), offset), moment(p.tangent(plain, same), offset), tolerance) << set.name;
            }
            expect_close(p.gradient(set, same), p.gradient(plain, same), set.name + " gradient");
        }
}

TEST(Triplets, gradient_is_the_transpose_of_the_tangent_and_that_the_derivative_of_the_sum) {
    const auto& set = reference_kernels<double>();
    for (const bool same : {false, true}) {
        Triplets<double> p;
        const auto both = p.tangent(set, same);
        const Rows<double> tangent(both.begin() + static_cast<std::ptrdiff_t>(p.line.size()), both.end());
        const auto gradient = p.gradient(set, same);
        double along = 0;
        for (std::size_t g = 0; g < (same ? 1u : 2u); ++g)
            for (std::size_t a = 0; a < 3; ++a)
                for (std::size_t j = 0; j < p.room; ++j) along += gradient[(3 * g + a) * p.room + j] * p.v[g][a][j];
        EXPECT_NEAR(along, dot(tangent, p.line), 1e-10 * std::abs(along));
        const double step = 1e-6;
        const auto at = [&](double s) {
            Triplets<double> moved = p;
            for (int g = 0; g < 2; ++g)
                for (int a = 0; a < 3; ++a)
                    for (std::size_t j = 0; j < p.room; ++j) moved.u[g][a][j] += s * p.v[g][a][j];
            return dot(moved.histogram(set, same), p.line);
        };
        EXPECT_NEAR((at(step) - at(-step)) / (2 * step), along, 1e-5 * std::abs(along));
    }
}

}  // namespace
}  // namespace alkali::kernels::testing::embedding_tests
