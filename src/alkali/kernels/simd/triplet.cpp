#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/triplet.cpp"
// The order of these matters.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

#include <algorithm>

#include "alkali/kernels/simd/sets.hpp"

// One neighbour against a vector of others.
#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;
template <class T>
using Index = hn::RebindToSigned<Tag<T>>;

template <class T>
struct Point {
    Vector<T> x, y, z;
    HWY_INLINE static Point at(const TripletGroup<T>& group, long k) {
        const Tag<T> d;
        return {hn::LoadU(d, group.u[0] + k), hn::LoadU(d, group.u[1] + k), hn::LoadU(d, group.u[2] + k)};
    }
    HWY_INLINE static Point repeated(const TripletGroup<T>& group, long j) {
        const Tag<T> d;
        return {hn::Set(d, group.u[0][j]), hn::Set(d, group.u[1][j]), hn::Set(d, group.u[2][j])};
    }
    [[nodiscard]] HWY_INLINE Vector<T> dot(const Point& other) const {
        return hn::MulAdd(x, other.x, hn::MulAdd(y, other.y, hn::Mul(z, other.z)));
    }
};

/// The four splines for a vector of inner products.
template <class T>
struct Taps {
    hn::Vec<Index<T>> row;
    Vector<T> value[4], slope[4];

    /// Slopes are with respect to e.
    HWY_INLINE static Taps at(const TripletAxis& axis, Vector<T> e, bool slopes) {
        const Tag<T> d;
        const auto x = hn::Mul(e, hn::Set(d, static_cast<T>(1 / axis.scale)));
        const auto u = hn::Mul(hn::Sub(hn::Asinh(d, x), hn::Set(d, static_cast<T>(axis.start))), hn::Set(d, static_cast<T>(axis.per_unit)));
        const auto last = hn::Set(d, static_cast<T>(axis.rows - 4));
        const auto floor = hn::Min(hn::Max(hn::Floor(u), hn::Zero(d)), last);
        const auto t = hn::Sub(u, floor), one = hn::Set(d, T(1)), s = hn::Sub(one, t);
        const auto three = hn::Set(d, T(3)), six = hn::Set(d, T(6)), four = hn::Set(d, T(4)), sixth = hn::Set(d, T(1.0 / 6));
        Taps taps;
        taps.row = hn::ConvertTo(Index<T>(), floor);
        const auto ss = hn::Mul(s, s), tt = hn::Mul(t, t);
        taps.value[0] = hn::Mul(hn::Mul(ss, s), sixth);
        taps.value[1] = hn::Mul(hn::MulAdd(tt, hn::MulSub(three, t, six), four), sixth);
        taps.value[2] = hn::Mul(hn::MulAdd(ss, hn::MulSub(three, s, six), four), sixth);
        taps.value[3] = hn::Mul(hn::Mul(tt, t), sixth);
        if (!slopes) return taps;
        const auto root = hn::Sqrt(hn::MulAdd(x, x, one));
        const auto factor = hn::Div(hn::Set(d, static_cast<T>(0.5 * axis.per_unit / axis.scale)), root);
        taps.slope[0] = hn::Neg(hn::Mul(ss, factor));
        taps.slope[1] = hn::Mul(hn::Mul(t, hn::MulSub(three, t, four)), factor);
        taps.slope[2] = hn::Neg(hn::Mul(hn::Mul(s, hn::MulSub(three, s, four)), factor));
        taps.slope[3] = hn::Mul(tt, factor);
        return taps;
    }
};

/// Adds factor[lane] * weights[m][lane] to histogram[row[lane] + m].
template <class T>
HWY_INLINE void scatter(const Taps<T>& taps, const Vector<T> (&weights)[4], long count, T* histogram) {
    const Tag<T> d;
    const hn::CappedTag<T, 4> four;
    HWY_ALIGN T packed[4 * hn::MaxLanes(d)];
    HWY_ALIGN hn::TFromD<Index<T>> row[hn::MaxLanes(d)];
    hn::StoreInterleaved4(weights[0], weights[1], weights[2], weights[3], d, packed);
    hn::Store(taps.row, Index<T>(), row);
    for (long lane = 0; lane < count; ++lane)
        for (long m = 0; m < 4; m += static_cast<long>(hn::Lanes(four))) {
            T* at = histogram + row[lane] + m;
            hn::StoreU(hn::Add(hn::LoadU(four, at), hn::LoadU(four, packed + 4 * lane + m)), four, at);
        }
}

/// Calls f(j, k, weights, count) with a vector of weights (0 beyond the group) for every j and vector of k.
template <class T, class Begin, class F, class End>
HWY_INLINE void for_pairs(int first, int second, bool same, Begin begin, F f, End end) {
    const Tag<T> d;
    const long lanes = static_cast<long>(hn::Lanes(d));
    const auto once = hn::Set(d, T(1)), twice = hn::Set(d, T(2));
    for (long j = 0; j < first; ++j) {
        begin(j);
        for (long k = same ? j : 0; k < second; k += lanes) {
            const long count = std::min(lanes, second - k);
            auto weights = same ? twice : once;
            if (same && k == j) weights = hn::IfThenElse(hn::FirstN(d, 1), once, weights);
            weights = hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(count)), weights);
            f(k, weights, count);
        }
        end(j);
    }
}

template <class T>
void triplet_forward(const TripletForward<T>& t) {
    Point<T> own;
    for_pairs<T>(
        t.first.count, t.second.count, t.same, [&](long j) ALKALI_INLINED { own = Point<T>::repeated(t.first, j); },
        [&](long k, Vector<T> weights, long count) ALKALI_INLINED {
            const auto e = own.dot(Point<T>::at(t.second, k));
            const auto taps = Taps<T>::at(t.axis, e, false);
            const auto factor = hn::Mul(weights, e);
            Vector<T> terms[4];
            for (int m = 0; m < 4; ++m) terms[m] = hn::Mul(factor, taps.value[m]);
            scatter(taps, terms, count, t.histogram);
        },
        [](long) ALKALI_INLINED {});
}

template <class T>
void triplet_backward(const TripletBackward<T>& t) {
    const Tag<T> d;
    Point<T> own, sum;
    for_pairs<T>(
        t.first.count, t.second.count, t.same,
        [&](long j) ALKALI_INLINED {
            own = Point<T>::repeated(t.first, j);
            sum = {hn::Zero(d), hn::Zero(d), hn::Zero(d)};
        },
        [&](long k, Vector<T> weights, long) ALKALI_INLINED {
            const auto other = Point<T>::at(t.second, k);
            const auto e = own.dot(other);
            const auto taps = Taps<T>::at(t.axis, e, true);
            auto by_e = hn::Zero(d);
            for (int m = 0; m < 4; ++m)
                by_e = hn::MulAdd(hn::GatherIndex(d, t.line + m, taps.row), hn::MulAdd(e, taps.slope[m], taps.value[m]), by_e);
            by_e = hn::Mul(by_e, weights);
            sum = {hn::MulAdd(by_e, other.x, sum.x), hn::MulAdd(by_e, other.y, sum.y), hn::MulAdd(by_e, other.z, sum.z)};
            const Vector<T> mine[3] = {own.x, own.y, own.z};
            for (int a = 0; a < 3; ++a) {
                T* at = t.second_gradient[a] + k;
                hn::StoreU(hn::MulAdd(by_e, mine[a], hn::LoadU(d, at)), d, at);
            }
        },
        [&](long j) ALKALI_INLINED {
            const Vector<T> sums[3] = {sum.x, sum.y, sum.z};
            for (int a = 0; a < 3; ++a) t.first_gradient[a][j] += hn::GetLane(hn::SumOfLanes(d, sums[a]));
        });
}

template <class T>
void triplet_tangent(const TripletTangent<T>& t) {
    Point<T> own, moved;
    for_pairs<T>(
        t.first.count, t.second.count, t.same,
        [&](long j) ALKALI_INLINED {
            own = Point<T>::repeated(t.first, j);
            moved = Point<T>::repeated(t.first_tangent, j);
        },
        [&](long k, Vector<T> weights, long count) ALKALI_INLINED {
            const auto other = Point<T>::at(t.second, k);
            const auto e = own.dot(other);
            const auto e_tangent = hn::Mul(weights, hn::Add(moved.dot(other), own.dot(Point<T>::at(t.second_tangent, k))));
            const auto taps = Taps<T>::at(t.axis, e, true);
            const auto factor = hn::Mul(weights, e);
            Vector<T> terms[4], tangents[4];
            for (int m = 0; m < 4; ++m) {
                terms[m] = hn::Mul(factor, taps.value[m]);
                tangents[m] = hn::Mul(e_tangent, hn::MulAdd(e, taps.slope[m], taps.value[m]));
            }
            scatter(taps, terms, count, t.histogram);
            scatter(taps, tangents, count, t.tangent_histogram);
        },
        [](long) ALKALI_INLINED {});
}

template <class T>
TripletKernels<T> triplet() {
    return {triplet_forward<T>, triplet_backward<T>, triplet_tangent<T>};
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alkali::kernels::simd {

template <class T>
std::vector<PerTarget<TripletKernels<T>>> triplet_kernels() {
    std::vector<PerTarget<TripletKernels<T>>> list;
    ALKALI_ALL_TARGETS(triplet, T, list)
    return list;
}
template std::vector<PerTarget<TripletKernels<float>>> triplet_kernels<float>();
template std::vector<PerTarget<TripletKernels<double>>> triplet_kernels<double>();

}  // namespace alkali::kernels::simd
#endif
