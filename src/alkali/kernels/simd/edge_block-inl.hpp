// Blocks of edges for the convolution kernels, for one instruction set: geometry, harmonics, folded couplings and radial
// weights of up to `block_edges` edges of one atom, one vector lane per edge.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/convolution.hpp"
#include "alkali/kernels/simd/target_list.hpp"

#if defined(ALKALI_EDGE_BLOCK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ALKALI_EDGE_BLOCK_INL
#undef ALKALI_EDGE_BLOCK_INL
#else
#define ALKALI_EDGE_BLOCK_INL
#endif

#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int block_edges = 16;
inline constexpr int group_columns = 128;

/// One value per edge of a block.
template <class T>
struct Lanes {
    alignas(64) T value[block_edges];
    [[nodiscard]] T* at(int k) { return value + k; }
    [[nodiscard]] const T* at(int k) const { return value + k; }
    [[nodiscard]] T& operator[](int e) { return value[e]; }
    [[nodiscard]] T operator[](int e) const { return value[e]; }
};

template <class T>
using EdgeTag = hn::CappedTag<T, block_edges>;

/// Calls f(k) for the vectors of doubles of a block.
template <class F>
HWY_INLINE void for_doubles(F f) {
    constexpr int lanes = static_cast<int>(hn::MaxLanes(EdgeTag<double>()));
    for (int k = 0; k < block_edges; k += lanes) f(k);
}

/// Stores doubles as T.
template <class V>
HWY_INLINE void store_as(V v, double* to) {
    hn::Store(v, EdgeTag<double>(), to);
}
template <class V>
HWY_INLINE void store_as(V v, float* to) {
    const hn::Rebind<float, EdgeTag<double>> narrow;
    hn::StoreU(hn::DemoteTo(narrow, v), narrow, to);
}
HWY_INLINE auto load_as_double(const double* from) { return hn::Load(EdgeTag<double>(), from); }
HWY_INLINE auto load_as_double(const float* from) {
    return hn::PromoteTo(EdgeTag<double>(), hn::LoadU(hn::Rebind<float, EdgeTag<double>>(), from));
}

/// Scratch of one thread. Arrays of one row per harmonic, coupling pair or coefficient hold `block_edges` lanes each.
template <class T>
struct Block {
    using Rows = base::AlignedVector<T>;
    int count = 0;
    std::int64_t edge[block_edges];
    const T* source[block_edges];  ///< input or output-gradient row at the far end of the edge
    const T* second[block_edges];  ///< its tangent or adjoint
    const T* weight[block_edges];  ///< weights of the present group of paths
    const T* slope[block_edges];   ///< their slopes dw/dx
    int first_column = 0;          ///< of the group

    Lanes<double> unit[3], inverse_length, inverse_cutoff, x;
    Lanes<T> direction[3], direction_tangent[3], x_tangent;
    Lanes<T> tap[4], slope_tap[4];  ///< of the cubic B-spline
    int interval[block_edges];

    Rows weights, slopes;         ///< (block_edges, columns) of the present group
    Rows harmonics, tangents;     ///< (S, block_edges) and their directional derivatives
    Rows folded, folded_tangent;  ///< (pairs, block_edges)

    explicit Block(const ConvolutionPlan& plan) {
        int channels = std::min(group_columns, plan.weight_width);
        for (const Path& path : plan.paths) channels = std::max(channels, path.channels);
        const auto rows = [](int n) { return static_cast<std::size_t>(n * block_edges); };
        weights.resize(rows(channels));
        slopes.resize(rows(channels));
        harmonics.resize(rows(plan.harmonics()));
        tangents.resize(rows(plan.harmonics()));
        folded.resize(rows(plan.num_pairs));
        folded_tangent.resize(rows(plan.num_pairs));
    }
};

/// Lengths, directions and place in the radial table of the block's edges. Lanes beyond the last edge repeat the first.
template <class T>
HWY_NOINLINE void locate(const EdgeView& edges, int intervals, Block<T>& block) {
    const EdgeTag<double> d;
    for (int e = 0; e < block_edges; ++e) {
        const std::int64_t edge = block.edge[e < block.count ? e : 0];
        const Vec3 r = edges.at(edge);
        for (int k = 0; k < 3; ++k) block.unit[k][e] = r[k];
        if (edges.cutoff) block.inverse_cutoff[e] = edges.cutoff[edge];
    }
    const auto uniform = hn::Set(d, 1.0 / edges.r_max);
    Lanes<double> place;
    for_doubles([&](int k) HWY_ATTR {
        const auto x = hn::Load(d, block.unit[0].at(k)), y = hn::Load(d, block.unit[1].at(k)), z = hn::Load(d, block.unit[2].at(k));
        const auto one = hn::Set(d, 1.0);
        const auto length = hn::Sqrt(hn::MulAdd(x, x, hn::MulAdd(y, y, hn::Mul(z, z))));
        const auto inverse = hn::Div(one, length),
                   per_cutoff = edges.cutoff ? hn::Div(one, hn::Load(d, block.inverse_cutoff.at(k))) : uniform;
        hn::Store(inverse, d, block.inverse_length.at(k));
        hn::Store(per_cutoff, d, block.inverse_cutoff.at(k));
        const hn::Vec<decltype(d)> unit[3] = {hn::Mul(x, inverse), hn::Mul(y, inverse), hn::Mul(z, inverse)};
        for (int c = 0; c < 3; ++c) {
            hn::Store(unit[c], d, block.unit[c].at(k));
            store_as(unit[c], block.direction[c].at(k));
        }
        const auto scaled = hn::Mul(length, per_cutoff);
        hn::Store(scaled, d, block.x.at(k));
        if (intervals == 0) return;
        const auto u = hn::Mul(scaled, hn::Set(d, static_cast<double>(intervals)));
        const auto interval = hn::Min(hn::Floor(u), hn::Set(d, static_cast<double>(intervals - 1)));
        hn::Store(interval, d, place.at(k));
        // Beyond the cutoff: outside any interval, marked by t < 0.
        const auto t = hn::IfThenElse(hn::Lt(scaled, one), hn::Sub(u, interval), hn::Set(d, -1.0));
        store_as(t, block.tap[0].at(k));
    });
    if (intervals == 0) return;
    const EdgeTag<T> v;
    for (int k = 0; k < block_edges; k += static_cast<int>(hn::Lanes(v))) {
        const auto t = hn::Load(v, block.tap[0].at(k)), one = hn::Set(v, T(1)), zero = hn::Zero(v);
        const auto inside = hn::Ge(t, zero);
        const auto s = hn::Sub(one, t), scale = hn::Set(v, T(intervals)), half = hn::Set(v, T(0.5)), three = hn::Set(v, T(3));
        const auto sixth = hn::Set(v, T(1) / T(6)), four = hn::Set(v, T(4)), six = hn::Set(v, T(6));
        const auto square = hn::Mul(t, t), rest = hn::Mul(s, s);
        const auto inner = [&](auto p, auto pp) HWY_ATTR { return hn::Mul(sixth, hn::MulAdd(pp, hn::MulSub(three, p, six), four)); };
        const auto put = [&](auto value, Lanes<T>& to) HWY_ATTR { hn::Store(hn::IfThenElseZero(inside, value), v, to.at(k)); };
        put(hn::Mul(sixth, hn::Mul(rest, s)), block.tap[0]);
        put(inner(t, square), block.tap[1]);
        put(inner(s, rest), block.tap[2]);
        put(hn::Mul(sixth, hn::Mul(square, t)), block.tap[3]);
        const auto steep = hn::Mul(half, scale);
        put(hn::Neg(hn::Mul(steep, rest)), block.slope_tap[0]);
        put(hn::Mul(hn::Mul(steep, t), hn::MulSub(three, t, four)), block.slope_tap[1]);
        put(hn::Neg(hn::Mul(hn::Mul(steep, s), hn::MulSub(three, s, four))), block.slope_tap[2]);
        put(hn::Mul(steep, square), block.slope_tap[3]);
    }
    for (int e = 0; e < block_edges; ++e) block.interval[e] = block.x[e] < 1.0 ? static_cast<int>(place[e]) : 0;
}

/// dx/ds and d(direction)/ds for tangents of the edge vectors.
template <class T>
HWY_NOINLINE void locate_tangent(const Vec3* tangent, Block<T>& block) {
    const EdgeTag<double> d;
    Lanes<double> v[3];
    for (int e = 0; e < block_edges; ++e)
        for (int k = 0; k < 3; ++k) v[k][e] = tangent[block.edge[e < block.count ? e : 0]][k];
    for_doubles([&](int k) HWY_ATTR {
        const auto n0 = hn::Load(d, block.unit[0].at(k)), n1 = hn::Load(d, block.unit[1].at(k)), n2 = hn::Load(d, block.unit[2].at(k));
        const auto v0 = hn::Load(d, v[0].at(k)), v1 = hn::Load(d, v[1].at(k)), v2 = hn::Load(d, v[2].at(k));
        const auto along = hn::MulAdd(n0, v0, hn::MulAdd(n1, v1, hn::Mul(n2, v2)));
        store_as(hn::Mul(along, hn::Load(d, block.inverse_cutoff.at(k))), block.x_tangent.at(k));
        const auto inverse = hn::Load(d, block.inverse_length.at(k));
        store_as(hn::Mul(inverse, hn::NegMulAdd(along, n0, v0)), block.direction_tangent[0].at(k));
        store_as(hn::Mul(inverse, hn::NegMulAdd(along, n1, v1)), block.direction_tangent[1].at(k));
        store_as(hn::Mul(inverse, hn::NegMulAdd(along, n2, v2)), block.direction_tangent[2].at(k));
    });
}

/// Runs the recursion of the plan over rows (S, block_edges) that begin with `constant`: each next row is the sum of
/// add(term, k, sum) over its terms, k being the first edge of a vector.
template <class T, class Add>
HWY_INLINE void recur(const ConvolutionPlan& plan, T constant, T* rows, Add add) {
    const EdgeTag<T> d;
    for (int k = 0; k < block_edges; k += static_cast<int>(hn::Lanes(d))) {
        hn::Store(hn::Set(d, constant), d, rows + k);
        for (std::size_t t = 0; t < plan.recursion.size();) {
            const int up = plan.recursion[t].up;
            auto sum = hn::Zero(d);
            for (; t < plan.recursion.size() && plan.recursion[t].up == up; ++t) sum = add(plan.recursion[t], k, sum);
            hn::Store(sum, d, rows + up * block_edges + k);
        }
    }
}

template <class T>
HWY_NOINLINE void evaluate_harmonics(const ConvolutionPlan& plan, Block<T>& block) {
    const EdgeTag<T> d;
    T* const y = block.harmonics.data();
    recur(plan, T(1), y, [&](const HarmonicTerm& term, int k, auto sum) ALKALI_INLINED {
        const auto step = hn::Mul(hn::Set(d, T(term.value)), hn::Load(d, block.direction[term.axis].at(k)));
        return hn::MulAdd(step, hn::Load(d, y + term.down * block_edges + k), sum);
    });
}

template <class T>
HWY_NOINLINE void evaluate_harmonic_tangents(const ConvolutionPlan& plan, Block<T>& block) {
    const EdgeTag<T> d;
    const T* const y = block.harmonics.data();
    T* const dy = block.tangents.data();
    recur(plan, T(0), dy, [&](const HarmonicTerm& term, int k, auto sum) ALKALI_INLINED {
        const auto c = hn::Set(d, T(term.value));
        const auto turn = hn::Mul(c, hn::Load(d, block.direction_tangent[term.axis].at(k)));
        const auto step = hn::Mul(c, hn::Load(d, block.direction[term.axis].at(k)));
        sum = hn::MulAdd(turn, hn::Load(d, y + term.down * block_edges + k), sum);
        return hn::MulAdd(step, hn::Load(d, dy + term.down * block_edges + k), sum);
    });
}

/// Reverse of the recursion: from dE/dY (S, block_edges), overwritten, to dE/d(direction), as if it were free.
template <class T>
HWY_NOINLINE void harmonics_to_direction(const ConvolutionPlan& plan, const Block<T>& block, T* HWY_RESTRICT gradient, Lanes<T> (&out)[3]) {
    const EdgeTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    const T* HWY_RESTRICT y = block.harmonics.data();
    for (int k = 0; k < block_edges; k += lanes) {
        for (auto& axis : out) hn::Store(hn::Zero(d), d, axis.at(k));
        for (std::size_t t = plan.recursion.size(); t-- > 0;) {
            const HarmonicTerm& term = plan.recursion[t];
            const auto g = hn::Mul(hn::Set(d, T(term.value)), hn::Load(d, gradient + term.up * block_edges + k));
            T* axis = out[term.axis].at(k);
            hn::Store(hn::MulAdd(g, hn::Load(d, y + term.down * block_edges + k), hn::Load(d, axis)), d, axis);
            T* down = gradient + term.down * block_edges + k;
            hn::Store(hn::MulAdd(g, hn::Load(d, block.direction[term.axis].at(k)), hn::Load(d, down)), d, down);
        }
    }
}

/// folded[pair][edge] = sum over the pair's terms of C * Y[m2] of the edge.
template <class T>
HWY_NOINLINE void fold(const ConvolutionPlan& plan, const typename Block<T>::Rows& harmonics, typename Block<T>::Rows& folded) {
    const EdgeTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    const T* HWY_RESTRICT y = harmonics.data();
    T* HWY_RESTRICT out = folded.data();
    for (std::size_t p = 0; p < plan.paths.size(); ++p) {
        const T* order = y + plan.paths[p].l2 * plan.paths[p].l2 * block_edges;
        T* pairs = out + plan.paths[p].pairs * block_edges;
        const PathTerm* const end = plan.terms[p].data() + plan.terms[p].size();
        for (int k = 0; k < block_edges; k += lanes)
            for (const PathTerm* t = plan.terms[p].data(); t != end;) {
                const int pair = t->pair;
                auto sum = hn::Mul(hn::Set(d, T(t->value)), hn::Load(d, order + t->m2 * block_edges + k));
                for (++t; t != end && t->pair == pair; ++t)
                    sum = hn::MulAdd(hn::Set(d, T(t->value)), hn::Load(d, order + t->m2 * block_edges + k), sum);
                hn::Store(sum, d, pairs + pair * block_edges + k);
            }
    }
}

/// Paths [begin, end) whose weights are evaluated together.
struct PathGroup {
    std::size_t begin = 0, end = 0;
};

/// The paths from `begin` on whose weights lie side by side in at most `group_columns` columns: wide enough that the place
/// in the table is looked up rarely, narrow enough that the block's weights stay in the first cache.
HWY_INLINE PathGroup group_from(const ConvolutionPlan& plan, std::size_t begin) {
    PathGroup group{begin, begin + 1};
    int column = plan.paths[begin].weight + plan.paths[begin].channels;
    while (group.end < plan.paths.size() && plan.paths[group.end].weight == column) {
        column += plan.paths[group.end].channels;
        if (column - plan.paths[begin].weight > group_columns) break;
        ++group.end;
    }
    return group;
}

/// Weights of the paths of a group for the block's edges; with Slopes also dw/dx.
template <bool Slopes, class T>
HWY_NOINLINE void group_weights(const RadialView<T>& radial, const ConvolutionPlan& plan, const PathGroup& group, Block<T>& block) {
    const int width = plan.weight_width, first = plan.paths[group.begin].weight;
    const int columns = plan.paths[group.end - 1].weight + plan.paths[group.end - 1].channels - first;
    block.first_column = first;
    if (radial.rows) {
        for (int e = 0; e < block.count; ++e) {
            block.weight[e] = radial.rows + block.edge[e] * width + first;
            block.slope[e] = Slopes ? radial.slopes + block.edge[e] * width + first : nullptr;
        }
        return;
    }
    const hn::ScalableTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    for (int e = 0; e < block.count; ++e) {
        T* HWY_RESTRICT w = block.weights.data() + e * columns;
        T* HWY_RESTRICT s = block.slopes.data() + e * columns;
        block.weight[e] = w;
        block.slope[e] = s;
        const T* HWY_RESTRICT c = radial.coefficients + static_cast<std::ptrdiff_t>(block.interval[e]) * width + first;
        const auto v0 = hn::Set(d, block.tap[0][e]), v1 = hn::Set(d, block.tap[1][e]), v2 = hn::Set(d, block.tap[2][e]),
                   v3 = hn::Set(d, block.tap[3][e]);
        const auto s0 = hn::Set(d, block.slope_tap[0][e]), s1 = hn::Set(d, block.slope_tap[1][e]), s2 = hn::Set(d, block.slope_tap[2][e]),
                   s3 = hn::Set(d, block.slope_tap[3][e]);
        for (int u = 0; u < columns; u += lanes) {
            const auto c0 = hn::LoadU(d, c + u), c1 = hn::LoadU(d, c + width + u), c2 = hn::LoadU(d, c + 2 * width + u),
                       c3 = hn::LoadU(d, c + 3 * width + u);
            hn::Store(hn::MulAdd(v3, c3, hn::MulAdd(v2, c2, hn::MulAdd(v1, c1, hn::Mul(v0, c0)))), d, w + u);
            if constexpr (Slopes) hn::Store(hn::MulAdd(s3, c3, hn::MulAdd(s2, c2, hn::MulAdd(s1, c1, hn::Mul(s0, c0)))), d, s + u);
        }
    }
}

/// out[r] = sum over the lanes of row r, for `block_edges` rows of one vector each.
template <class T>
HWY_INLINE void sum_rows(const T* HWY_RESTRICT rows, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    constexpr int group = 16 / sizeof(T);
    const hn::FixedTag<T, group> quarter;
    const int lanes = static_cast<int>(hn::Lanes(d));
    // (a, b) -> pairs of partial sums side by side, within 128 bits.
    const auto merge = [&](auto a, auto b) HWY_ATTR { return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)); };
    const auto row = [&](int r) HWY_ATTR { return hn::Load(d, rows + r * lanes); };
    HWY_ALIGN T partial[hn::MaxLanes(d)];
    for (int r = 0; r < block_edges; r += group) {
        if constexpr (group == 4)
            hn::Store(merge(merge(row(r), row(r + 2)), merge(row(r + 1), row(r + 3))), d, partial);
        else
            hn::Store(merge(row(r), row(r + 1)), d, partial);
        auto sum = hn::Load(quarter, partial);
        for (int q = group; q < lanes; q += group) sum = hn::Add(sum, hn::Load(quarter, partial + q));
        hn::Store(sum, quarter, out + r);
    }
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#endif
