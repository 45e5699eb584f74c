#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/matrix_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/simd/sets.hpp"

HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Part of the inner index. So many rows of four vectors of B stay in the first-level cache while all rows of A pass.
constexpr int inner_block = 96;

/// One tile of Rows x (Vectors * lanes) of C, held in registers over a part of the inner index.
template <int Rows, int Vectors, class T>
HWY_INLINE void tile(const MatrixProduct<T>& m, long row, long column, int begin, int end) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const long lanes = static_cast<long>(hn::Lanes(d));
    const bool continued = m.accumulate || begin > 0;
    V sum[Rows][Vectors];
    for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Vectors; ++v)
            sum[r][v] = continued ? hn::LoadU(d, m.c + (row + r) * m.c_row + column + v * lanes) : hn::Zero(d);
    const T* a = m.a + row * m.a_row;
    const T* b = m.b + column;
    for (int k = begin; k < end; ++k) {
        V right[Vectors];
        for (int v = 0; v < Vectors; ++v) right[v] = hn::LoadU(d, b + k * m.b_inner + v * lanes);
        for (int r = 0; r < Rows; ++r) {
            const V left = hn::Set(d, a[r * m.a_row + k * m.a_inner]);
            for (int v = 0; v < Vectors; ++v) sum[r][v] = hn::MulAdd(left, right[v], sum[r][v]);
        }
    }
    for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Vectors; ++v) hn::StoreU(sum[r][v], d, m.c + (row + r) * m.c_row + column + v * lanes);
}

template <int Vectors, class T>
HWY_INLINE void rows_of_strip(const MatrixProduct<T>& m, long column, int begin, int end) {
    constexpr int block = 6;
    long row = 0;
    for (; row + block <= m.rows; row += block) tile<block, Vectors>(m, row, column, begin, end);
    switch (m.rows - row) {
        case 1: return tile<1, Vectors>(m, row, column, begin, end);
        case 2: return tile<2, Vectors>(m, row, column, begin, end);
        case 3: return tile<3, Vectors>(m, row, column, begin, end);
        case 4: return tile<4, Vectors>(m, row, column, begin, end);
        case 5: return tile<5, Vectors>(m, row, column, begin, end);
        default: return;
    }
}

template <int Vectors, class T>
HWY_INLINE void column_strip(const MatrixProduct<T>& m, long column) {
    int begin = 0;
    do {
        const int end = m.inner - begin < 2 * inner_block ? m.inner : begin + inner_block;
        rows_of_strip<Vectors>(m, column, begin, end);
        begin = end;
    } while (begin < m.inner);
}

template <class T>
void multiply(const MatrixProduct<T>& m) {
    const long lanes = static_cast<long>(hn::Lanes(hn::ScalableTag<T>()));
    long column = 0;
    // Narrow registers leave room for two vectors of columns only.
    if constexpr (HWY_TARGET == HWY_AVX3)
        for (; column + 4 * lanes <= m.columns; column += 4 * lanes) column_strip<4>(m, column);
    for (; column + 2 * lanes <= m.columns; column += 2 * lanes) column_strip<2>(m, column);
    for (; column < m.columns; column += lanes) column_strip<1>(m, column);
}

template <class T>
MatrixProductKernel<T> product_kernel() {
    return multiply<T>;
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alkali::kernels::simd {

template <class T>
std::vector<PerTarget<MatrixProductKernel<T>>> matrix_product_kernels() {
    std::vector<PerTarget<MatrixProductKernel<T>>> list;
    ALKALI_ALL_TARGETS(product_kernel, T, list)
    return list;
}
template std::vector<PerTarget<MatrixProductKernel<float>>> matrix_product_kernels<float>();
template std::vector<PerTarget<MatrixProductKernel<double>>> matrix_product_kernels<double>();

}  // namespace alkali::kernels::simd
#endif
