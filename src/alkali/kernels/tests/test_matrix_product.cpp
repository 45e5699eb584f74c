#include <gtest/gtest.h>

#include "alkali/base/random.hpp"
#include "convolution_problem.hpp"

// Entries are small whole numbers: every order of summation gives the same sums, exactly.
namespace alkali::kernels::testing::matrix_product_tests {
namespace {

template <class T>
class MatrixProducts : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(MatrixProducts, Precisions);

enum class Order { rows, transposed };

struct Sizes {
    int rows, inner, columns;
    Order order = Order::rows;
    bool accumulate = false;
    int gap = 0;  ///< added to every stride
};

template <class T>
std::vector<T> whole_numbers(base::Random& random, std::size_t size) {
    std::vector<T> values(size);
    for (T& v : values) v = static_cast<T>(random.below(9)) - T(4);
    return values;
}

/// True when the product is right and nothing beside it was touched.
template <class T>
bool multiplies(const MatrixProductKernel<T>& kernel, const Sizes& s, base::Random& random) {
    const bool transposed = s.order == Order::transposed;
    const int a_stride = (transposed ? s.rows : s.inner) + s.gap, wide = s.columns + s.gap;
    const auto a = whole_numbers<T>(random, static_cast<std::size_t>((transposed ? s.inner : s.rows) * a_stride + 1));
    const auto b = whole_numbers<T>(random, static_cast<std::size_t>(s.inner * wide + 1));
    auto c = whole_numbers<T>(random, static_cast<std::size_t>(s.rows * wide + 1));
    auto expected = c;
    for (int r = 0; r < s.rows; ++r)
        for (int k = 0; k < s.columns; ++k) {
            T& sum = expected[static_cast<std::size_t>(r * wide + k)];
            if (!s.accumulate) sum = 0;
            for (int i = 0; i < s.inner; ++i)
                sum += a[static_cast<std::size_t>(transposed ? i * a_stride + r : r * a_stride + i)] *
                       b[static_cast<std::size_t>(i * wide + k)];
        }
    MatrixProduct<T> m{s.rows, s.inner,  s.columns, a.data(),    transposed ? 1 : a_stride, transposed ? a_stride : 1, b.data(),
                       wide,   c.data(), wide,      s.accumulate};
    kernel(m);
    return c == expected;
}

TYPED_TEST(MatrixProducts, are_exact_for_all_remainders_strides_and_orders) {
    base::Random random(1);
    for (const auto& set : all_kernels<TypeParam>())
        for (const int rows : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 24, 32})
            for (const int inner : {0, 1, 2, 3, 7, 16, 33})
                for (const int columns : {16, 32, 48, 64, 80, 96, 112, 128})
                    for (const Order order : {Order::rows, Order::transposed})
                        for (const bool accumulate : {false, true}) {
                            const Sizes sizes{rows, inner, columns, order, accumulate, (rows + inner) % 2 == 0 ? 0 : 5};
                            ASSERT_TRUE(multiplies(set.matrix_product, sizes, random))
                                << set.name << ": " << rows << " x " << inner << " x " << columns << (accumulate ? ", accumulating" : "")
                                << (order == Order::transposed ? ", A transposed" : "");
                        }
}

}  // namespace
}  // namespace alkali::kernels::testing::matrix_product_tests
