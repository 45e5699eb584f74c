#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/matrix_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/simd/sets.hpp"

HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Part of the inner index: so many rows of a strip of B stay in the first-level cache while all rows of A pass, and so many
/// columns of A in the second while all strips do.
constexpr int inner_block = 192;

/// Rows of a tile and vectors of its columns: as many sums as the registers hold.
constexpr int tile_rows = HWY_TARGET == HWY_AVX3 ? 8 : 6;
constexpr int tile_vectors = HWY_TARGET == HWY_AVX3 ? 3 : 2;

/// One tile of Rows x (Vectors * lanes) of C, held in registers over a part of the inner index. strip: that part of B's columns,
/// (end - begin, Vectors * lanes).
template <int Rows, int Vectors, class T>
HWY_INLINE void tile(const MatrixProduct<T>& m, const T* strip, long row, long column, int begin, int end) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const long lanes = static_cast<long>(hn::Lanes(d));
    const bool continued = m.accumulate || begin > 0;
    V sum[Rows][Vectors];
    for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Vectors; ++v)
            sum[r][v] = continued ? hn::LoadU(d, m.c + (row + r) * m.c_row + column + v * lanes) : hn::Zero(d);
    const T* a = m.a + row * m.a_row;
    for (int k = begin; k < end; ++k, strip += Vectors * lanes) {
        V right[Vectors];
        for (int v = 0; v < Vectors; ++v) right[v] = hn::Load(d, strip + v * lanes);
        for (int r = 0; r < Rows; ++r) {
            const V left = hn::Set(d, a[r * m.a_row + k * m.a_inner]);
            for (int v = 0; v < Vectors; ++v) sum[r][v] = hn::MulAdd(left, right[v], sum[r][v]);
        }
    }
    for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Vectors; ++v) hn::StoreU(sum[r][v], d, m.c + (row + r) * m.c_row + column + v * lanes);
}

/// The rows that are left when tiles are full, by a tile of their number.
template <int Rows, int Vectors, class T>
HWY_INLINE void last_rows(const MatrixProduct<T>& m, const T* strip, long row, long column, int begin, int end) {
    if constexpr (Rows > 0) {
        if (m.rows - row == Rows) return tile<Rows, Vectors>(m, strip, row, column, begin, end);
        last_rows<Rows - 1, Vectors>(m, strip, row, column, begin, end);
    }
}

template <int Vectors, class T>
HWY_INLINE void column_strip(const MatrixProduct<T>& m, long column, int begin, int end) {
    const hn::ScalableTag<T> d;
    const long lanes = static_cast<long>(hn::Lanes(d));
    HWY_ALIGN T strip[2 * inner_block * Vectors * hn::MaxLanes(d)];
    T* to = strip;
    for (int k = begin; k < end; ++k)
        for (int v = 0; v < Vectors; ++v, to += lanes) hn::Store(hn::LoadU(d, m.b + k * m.b_inner + column + v * lanes), d, to);
    long row = 0;
    for (; row + tile_rows <= m.rows; row += tile_rows) tile<tile_rows, Vectors>(m, strip, row, column, begin, end);
    last_rows<tile_rows - 1, Vectors>(m, strip, row, column, begin, end);
}

template <class T>
void multiply(const MatrixProduct<T>& m) {
    const long lanes = static_cast<long>(hn::Lanes(hn::ScalableTag<T>()));
    int begin = 0;
    do {
        const int end = m.inner - begin < 2 * inner_block ? m.inner : begin + inner_block;
        long column = 0;
        for (; column + tile_vectors * lanes <= m.columns; column += tile_vectors * lanes)
            column_strip<tile_vectors>(m, column, begin, end);
        if constexpr (tile_vectors > 2)
            for (; column + 2 * lanes <= m.columns; column += 2 * lanes) column_strip<2>(m, column, begin, end);
        for (; column < m.columns; column += lanes) column_strip<1>(m, column, begin, end);
        begin = end;
    } while (begin < m.inner);
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
