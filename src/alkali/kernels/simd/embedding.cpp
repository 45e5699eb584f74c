#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/embedding.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "alkali/kernels/simd/sets.hpp"

// Channels in vector lanes. Sums over edges stay in registers for as many channels as these hold; gradients of an edge are sums over
// channels, so there the roles change.
#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;

template <class T>
HWY_INLINE long lanes() {
    return static_cast<long>(hn::Lanes(Tag<T>()));
}

/// The four numbers of an edge in all lanes.
template <class T>
struct Four {
    Vector<T> of[4];
    HWY_INLINE explicit Four(const T* p) {
        const Tag<T> d;
        for (int m = 0; m < 4; ++m) of[m] = hn::Set(d, p[m]);
    }
    /// sum_m of[m] rows[m * stride]
    HWY_INLINE Vector<T> combine(const T* rows, long stride) const {
        const Tag<T> d;
        auto sum = hn::Mul(of[0], hn::Load(d, rows));
        for (int m = 1; m < 4; ++m) sum = hn::MulAdd(of[m], hn::Load(d, rows + m * stride), sum);
        return sum;
    }
};

/// Calls f(integral_constant<int, vectors>, channel) over all channels, with as many vectors at a time as registers allow.
template <class T, class F>
HWY_INLINE void for_channels(int width, F f) {
    long c = 0;
#if HWY_TARGET == HWY_AVX3
    for (; c + 3 * lanes<T>() <= width; c += 3 * lanes<T>()) f(std::integral_constant<int, 3>(), c);
#endif
    for (; c < width; c += lanes<T>()) f(std::integral_constant<int, 1>(), c);
}

template <class T>
void embed_forward(const EmbedForward<T>& f, int begin, int end) {
    const Tag<T> d;
    const auto& edges = f.edges;
    const long width = edges.width, step = lanes<T>();
    for (int i = begin; i < end; ++i) {
        T* out = f.moments + 4L * i * width;
        for_channels<T>(edges.width, [&](auto vectors, long c) ALKALI_INLINED {
            constexpr int V = vectors;
            Vector<T> sum[4][V];
            for (int k = 0; k < 4; ++k)
                for (int v = 0; v < V; ++v) sum[k][v] = hn::Zero(d);
            for (long e = edges.first[i]; e < edges.first[i + 1]; ++e) {
                const Four<T> basis(edges.basis + 4 * e), q(edges.q + 4 * e);
                const T* rows = edges.table + edges.row[e] * width + c;
                for (int v = 0; v < V; ++v) {
                    const auto value = basis.combine(rows + v * step, width);
                    for (int k = 0; k < 4; ++k) sum[k][v] = hn::MulAdd(q.of[k], value, sum[k][v]);
                }
            }
            for (int k = 0; k < 4; ++k)
                for (int v = 0; v < V; ++v) hn::Store(sum[k][v], d, out + k * width + c + v * step);
        });
    }
}

template <class T>
void embed_backward(const EmbedBackward<T>& b, int begin, int end) {
    const Tag<T> d;
    const auto& edges = b.edges;
    const long width = edges.width;
    for (int i = begin; i < end; ++i) {
        const T* gradient = b.moment_gradient + 4L * i * width;
        for (long e = edges.first[i]; e < edges.first[i + 1]; ++e) {
            const Four<T> basis(edges.basis + 4 * e), slope(edges.slope + 4 * e), q(edges.q + 4 * e);
            const T* rows = edges.table + edges.row[e] * width;
            Vector<T> by_q[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)}, by_number = hn::Zero(d);
            for (long c = 0; c < width; c += lanes<T>()) {
                const auto value = basis.combine(rows + c, width), derivative = slope.combine(rows + c, width);
                auto along = hn::Zero(d);
                for (int k = 0; k < 4; ++k) {
                    const auto g = hn::Load(d, gradient + k * width + c);
                    by_q[k] = hn::MulAdd(g, value, by_q[k]);
                    along = hn::MulAdd(g, q.of[k], along);
                }
                by_number = hn::MulAdd(along, derivative, by_number);
            }
            for (int k = 0; k < 4; ++k) b.gradient[5 * e + k] = hn::GetLane(hn::SumOfLanes(d, by_q[k]));
            b.gradient[5 * e + 4] = hn::GetLane(hn::SumOfLanes(d, by_number));
        }
    }
}

template <class T>
void embed_tangent(const EmbedTangent<T>& t, int begin, int end) {
    const Tag<T> d;
    const auto& edges = t.edges;
    const long width = edges.width, step = lanes<T>();
    for (int i = begin; i < end; ++i) {
        T* out = t.moments_tangent + 4L * i * width;
        for_channels<T>(edges.width, [&](auto vectors, long c) ALKALI_INLINED {
            constexpr int V = vectors;
            Vector<T> sum[4][V];
            for (int k = 0; k < 4; ++k)
                for (int v = 0; v < V; ++v) sum[k][v] = hn::Zero(d);
            for (long e = edges.first[i]; e < edges.first[i + 1]; ++e) {
                const Four<T> basis(edges.basis + 4 * e), slope(edges.slope + 4 * e);
                const auto number = hn::Set(d, t.number_tangent[e]);
                const T* rows = edges.table + edges.row[e] * width + c;
                for (int v = 0; v < V; ++v) {
                    const auto value = basis.combine(rows + v * step, width);
                    const auto moved = hn::Mul(slope.combine(rows + v * step, width), number);
                    for (int k = 0; k < 4; ++k) {
                        sum[k][v] = hn::MulAdd(hn::Set(d, edges.q[4 * e + k]), moved, sum[k][v]);
                        sum[k][v] = hn::MulAdd(hn::Set(d, t.q_tangent[4 * e + k]), value, sum[k][v]);
                    }
                }
            }
            for (int k = 0; k < 4; ++k)
                for (int v = 0; v < V; ++v) hn::Store(sum[k][v], d, out + k * width + c + v * step);
        });
    }
}

template <class T>
void embed_tangent_backward(const EmbedTangentBackward<T>& b, int begin, int end) {
    const Tag<T> d;
    const auto& edges = b.tangent.edges;
    const long width = edges.width;
    for (int i = begin; i < end; ++i) {
        const T *adjoint = b.adjoint + 4L * i * width, *of_tangent = b.tangent_adjoint + 4L * i * width;
        for (long e = edges.first[i]; e < edges.first[i + 1]; ++e) {
            const Four<T> basis(edges.basis + 4 * e), slope(edges.slope + 4 * e), q(edges.q + 4 * e),
                q_tangent(b.tangent.q_tangent + 4 * e);
            const auto number = hn::Set(d, b.tangent.number_tangent[e]);
            T* rows = b.table_gradient + edges.row[e] * width;
            for (long c = 0; c < width; c += lanes<T>()) {
                auto by_value = hn::Zero(d), by_slope = hn::Zero(d);
                for (int k = 0; k < 4; ++k) {
                    const auto second = hn::Load(d, of_tangent + k * width + c);
                    by_value = hn::MulAdd(hn::Load(d, adjoint + k * width + c), q.of[k], by_value);
                    by_value = hn::MulAdd(second, q_tangent.of[k], by_value);
                    by_slope = hn::MulAdd(second, q.of[k], by_slope);
                }
                by_slope = hn::Mul(by_slope, number);
                for (int m = 0; m < 4; ++m) {
                    T* row = rows + m * width + c;
                    hn::Store(hn::MulAdd(basis.of[m], by_value, hn::MulAdd(slope.of[m], by_slope, hn::Load(d, row))), d, row);
                }
            }
        }
    }
}

/// A vector's worth of channels.
template <class T>
struct Whole {
    HWY_INLINE Vector<T> load(const T* p) const { return hn::LoadU(Tag<T>(), p); }
    HWY_INLINE void store(Vector<T> v, T* p) const { hn::StoreU(v, Tag<T>(), p); }
};

/// The first `count` channels of a vector; loaded with zeros after them.
template <class T>
struct Part {
    long count;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
    HWY_INLINE auto mask() const { return hn::FirstN(Tag<T>(), static_cast<std::size_t>(count)); }
    HWY_INLINE Vector<T> load(const T* p) const { return hn::MaskedLoad(mask(), Tag<T>(), p); }
    HWY_INLINE void store(Vector<T> v, T* p) const { hn::BlendedStore(v, mask(), Tag<T>(), p); }
#else
    HWY_INLINE Vector<T> load(const T* p) const {
        const Tag<T> d;
        HWY_ALIGN T some[hn::MaxLanes(d)] = {};
        std::copy_n(p, count, some);
        return hn::Load(d, some);
    }
    HWY_INLINE void store(Vector<T> v, T* p) const {
        const Tag<T> d;
        HWY_ALIGN T some[hn::MaxLanes(d)];
        hn::Store(v, d, some);
        std::copy_n(some, count, p);
    }
#endif
};

/// Calls f(c, Whole or Part) for vectors of channels from `begin` to `end`.
template <class T, class F>
HWY_INLINE void for_triangle(long begin, long end, F f) {
    long c = begin;
    for (; c + lanes<T>() <= end; c += lanes<T>()) f(c, Whole<T>());
    if (c < end) f(c, Part<T>{end - c});
}

template <class T>
void gram(const Gram<T>& g) {
    const Tag<T> d;
    const long width = g.width;
    for (long i = 0; i < g.atoms; ++i) {
        const T* right = g.right + 4 * i * width;
        const T* left = g.left ? g.left + 4 * i * width : nullptr;
        T* out = g.out + i * g.out_row;
        for (long a = 0; a < g.axis; ++a) {
            Vector<T> r[4], l[4];
            for (long k = 0; k < 4; ++k) {
                r[k] = hn::Set(d, right[k * width + a]);
                l[k] = left ? hn::Set(d, left[k * width + a]) : hn::Zero(d);
            }
            for_triangle<T>(a, g.channels, [&](long c, auto some) ALKALI_INLINED {
                auto sum = hn::Zero(d);
                for (long k = 0; k < 4; ++k) {
                    const auto other = some.load(right + k * width + c);
                    sum = hn::MulAdd(left ? l[k] : r[k], other, sum);
                    if (left) sum = hn::MulAdd(r[k], some.load(left + k * width + c), sum);
                }
                some.store(sum, out + c - a);
            });
            out += g.channels - a;
        }
    }
}

template <class T>
void gram_backward(const GramBackward<T>& g) {
    const Tag<T> d;
    const long width = g.width;
    for (long i = 0; i < g.atoms; ++i) {
        const T* moments = g.moments + 4 * i * width;
        const T* gradient = g.gradient + i * g.gradient_row;
        T* out = g.moment_gradient + 4 * i * width;
        if (!g.accumulate) std::fill(out, out + 4 * width, T(0));
        for (long a = 0; a < g.axis; ++a) {
            Vector<T> own[4], sum[4];
            for (long k = 0; k < 4; ++k) {
                own[k] = hn::Set(d, moments[k * width + a]);
                sum[k] = hn::Zero(d);
            }
            for_triangle<T>(a, g.channels, [&](long c, auto some) ALKALI_INLINED {
                const auto value = some.load(gradient + c - a);
                for (long k = 0; k < 4; ++k) {
                    T* at = out + k * width + c;
                    sum[k] = hn::MulAdd(value, some.load(moments + k * width + c), sum[k]);
                    some.store(hn::MulAdd(value, own[k], some.load(at)), at);
                }
            });
            for (long k = 0; k < 4; ++k) out[k * width + a] += hn::GetLane(hn::SumOfLanes(d, sum[k]));
            gradient += g.channels - a;
        }
    }
}

template <class T>
EmbeddingKernels<T> embedding() {
    return {embed_forward<T>, embed_backward<T>, embed_tangent<T>, embed_tangent_backward<T>, gram<T>, gram_backward<T>};
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alkali::kernels::simd {

template <class T>
std::vector<PerTarget<EmbeddingKernels<T>>> embedding_kernels() {
    std::vector<PerTarget<EmbeddingKernels<T>>> list;
    ALKALI_ALL_TARGETS(embedding, T, list)
    return list;
}
template std::vector<PerTarget<EmbeddingKernels<float>>> embedding_kernels<float>();
template std::vector<PerTarget<EmbeddingKernels<double>>> embedding_kernels<double>();

}  // namespace alkali::kernels::simd
#endif
