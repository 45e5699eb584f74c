// Convolution kernels for one instruction set and both precisions; included by convolution_float.cpp and
// convolution_double.cpp through Highway's foreach_target.
//
// A block of up to `block_edges` edges of one atom is prepared together: weights (and slopes) of all paths from the spline,
// and the couplings folded with the harmonics, M[m1][m3] = sum_m2 C[m1,m2,m3] Y[m2], one vector lane per edge. Then each
// path runs over channels (outer) and edges (inner) with its sums in registers. Paths up to l = 2 are unrolled at
// compile time, higher ones walk their term list.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/reference/radial.hpp"
#include "alkali/kernels/simd/couplings.hpp"

#if defined(ALKALI_CONVOLUTION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ALKALI_CONVOLUTION_INL
#undef ALKALI_CONVOLUTION_INL
#else
#define ALKALI_CONVOLUTION_INL
#endif

HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int block_edges = 16;

/// Terms known to the compiler.
template <int L1, int L2, int L3>
struct StaticCoupling {
    static constexpr std::size_t count = math::coupling<L1, L2, L3>.count;
    [[nodiscard]] HWY_INLINE constexpr int n1() const { return 2 * L1 + 1; }
    [[nodiscard]] HWY_INLINE constexpr int n2() const { return 2 * L2 + 1; }
    [[nodiscard]] HWY_INLINE constexpr int n3() const { return 2 * L3 + 1; }
    template <class F>
    HWY_INLINE void for_each(F f) const {
        visit(f, std::make_index_sequence<count>());
    }

private:
    template <std::size_t I, class F>
    HWY_INLINE static void one(F& f) {
        constexpr Term term = static_term<L1, L2, L3>(I);
        f(term);
    }
    template <class F, std::size_t... I>
    HWY_INLINE static void visit(F& f, std::index_sequence<I...>) {
        (one<I>(f), ...);
    }
};

/// Terms of a plan, for any orders.
struct DynamicCoupling {
    const Path* path;
    const std::vector<PathTerm>* terms;
    [[nodiscard]] int n1() const { return 2 * path->l1 + 1; }
    [[nodiscard]] int n2() const { return 2 * path->l2 + 1; }
    [[nodiscard]] int n3() const { return 2 * path->l3 + 1; }
    template <class F>
    HWY_INLINE void for_each(F f) const {
        int last = -1;
        for (const PathTerm& t : *terms) {
            f(Term{t.m1, t.m2, t.m3, t.pair, t.value, t.pair != last});
            last = t.pair;
        }
    }
};

/// Calls f(coupling) with the compile-time coupling of a path where there is one.
template <class F>
HWY_INLINE void with_coupling(const Path& path, const std::vector<PathTerm>& terms, F f) {
    switch (path.l1 * 100 + path.l2 * 10 + path.l3) {
        case 0: return f(StaticCoupling<0, 0, 0>());
        case 11: return f(StaticCoupling<0, 1, 1>());
        case 22: return f(StaticCoupling<0, 2, 2>());
        case 101: return f(StaticCoupling<1, 0, 1>());
        case 110: return f(StaticCoupling<1, 1, 0>());
        case 111: return f(StaticCoupling<1, 1, 1>());
        case 112: return f(StaticCoupling<1, 1, 2>());
        case 121: return f(StaticCoupling<1, 2, 1>());
        case 122: return f(StaticCoupling<1, 2, 2>());
        case 202: return f(StaticCoupling<2, 0, 2>());
        case 211: return f(StaticCoupling<2, 1, 1>());
        case 212: return f(StaticCoupling<2, 1, 2>());
        case 220: return f(StaticCoupling<2, 2, 0>());
        case 221: return f(StaticCoupling<2, 2, 1>());
        case 222: return f(StaticCoupling<2, 2, 2>());
        default: return f(DynamicCoupling{&path, &terms});
    }
}

/// Scratch of one thread for blocks of edges.
template <class T>
struct Block {
    using Rows = base::AlignedVector<T>;
    int count = 0;
    std::int64_t edge[block_edges];
    const T* source[block_edges];  ///< input or output-gradient row at the far end of the edge
    const T* second[block_edges];  ///< its tangent or adjoint
    const T* weight[block_edges];  ///< weight row
    const T* slope[block_edges];   ///< slope row (dw/dx)
    Rows weights, slopes;          ///< (block_edges, weight_width) storage of the rows
    Rows harmonics;                ///< (S, block_edges)
    Rows folded, folded_tangent;   ///< (pairs, block_edges)

    explicit Block(const ConvolutionPlan& plan)
        : weights(static_cast<std::size_t>(block_edges * plan.weight_width)),
          slopes(weights.size()),
          harmonics(static_cast<std::size_t>(block_edges * plan.harmonics())),
          folded(static_cast<std::size_t>(block_edges * plan.num_pairs)),
          folded_tangent(folded.size()) {}
};

template <class T>
HWY_NOINLINE void spline_rows(const RadialView<T>& radial, const EdgeView<T>& edges, int width, bool slopes, Block<T>& block) {
    const hn::ScalableTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    for (int e = 0; e < block.count; ++e) {
        if (radial.rows) {
            block.weight[e] = radial.rows + block.edge[e] * width;
            block.slope[e] = slopes ? radial.slopes + block.edge[e] * width : nullptr;
            continue;
        }
        T* HWY_RESTRICT w = block.weights.data() + e * width;
        T* HWY_RESTRICT s = block.slopes.data() + e * width;
        block.weight[e] = w;
        block.slope[e] = s;
        const auto taps = reference::spline_taps(edges.x[block.edge[e]], radial.intervals);
        if (!taps.inside) {
            std::memset(w, 0, static_cast<std::size_t>(width) * sizeof(T));
            std::memset(s, 0, static_cast<std::size_t>(width) * sizeof(T));
            continue;
        }
        const T* HWY_RESTRICT c = radial.coefficients + static_cast<std::ptrdiff_t>(taps.interval) * width;
        const auto v0 = hn::Set(d, T(taps.value[0])), v1 = hn::Set(d, T(taps.value[1])), v2 = hn::Set(d, T(taps.value[2])),
                   v3 = hn::Set(d, T(taps.value[3]));
        if (!slopes) {
            for (int u = 0; u < width; u += lanes) {
                auto sum = hn::Mul(v0, hn::LoadU(d, c + u));
                sum = hn::MulAdd(v1, hn::LoadU(d, c + width + u), sum);
                sum = hn::MulAdd(v2, hn::LoadU(d, c + 2 * width + u), sum);
                hn::StoreU(hn::MulAdd(v3, hn::LoadU(d, c + 3 * width + u), sum), d, w + u);
            }
            continue;
        }
        const auto s0 = hn::Set(d, T(taps.slope[0])), s1 = hn::Set(d, T(taps.slope[1])), s2 = hn::Set(d, T(taps.slope[2])),
                   s3 = hn::Set(d, T(taps.slope[3]));
        for (int u = 0; u < width; u += lanes) {
            const auto c0 = hn::LoadU(d, c + u), c1 = hn::LoadU(d, c + width + u), c2 = hn::LoadU(d, c + 2 * width + u),
                       c3 = hn::LoadU(d, c + 3 * width + u);
            hn::StoreU(hn::MulAdd(v3, c3, hn::MulAdd(v2, c2, hn::MulAdd(v1, c1, hn::Mul(v0, c0)))), d, w + u);
            hn::StoreU(hn::MulAdd(s3, c3, hn::MulAdd(s2, c2, hn::MulAdd(s1, c1, hn::Mul(s0, c0)))), d, s + u);
        }
    }
}

/// folded[pair][edge] = sum over the pair's terms of C * Y[m2] of the edge.
template <class T>
HWY_NOINLINE void fold(const ConvolutionPlan& plan, const T* all_harmonics, Block<T>& block, typename Block<T>::Rows& folded) {
    const hn::CappedTag<T, block_edges> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    const int size = plan.harmonics();
    T* HWY_RESTRICT y = block.harmonics.data();
    for (int e = 0; e < block_edges; ++e) {
        const T* row = all_harmonics + block.edge[e < block.count ? e : 0] * size;
        for (int s = 0; s < size; ++s) y[s * block_edges + e] = row[s];
    }
    T* HWY_RESTRICT out = folded.data();
    for (std::size_t p = 0; p < plan.paths.size(); ++p) {
        const T* base = y + plan.paths[p].l2 * plan.paths[p].l2 * block_edges;
        int last = -1;
        for (const PathTerm& t : plan.terms[p]) {
            T* pair = out + (plan.paths[p].pairs + t.pair) * block_edges;
            const T* harmonic = base + t.m2 * block_edges;
            const auto c = hn::Set(d, T(t.value));
            for (int k = 0; k < block_edges; k += lanes) {
                const auto product = hn::Mul(c, hn::LoadU(d, harmonic + k));
                hn::StoreU(t.pair == last ? hn::Add(hn::LoadU(d, pair + k), product) : product, d, pair + k);
            }
            last = t.pair;
        }
    }
}

// ---- forward ----

template <class T, class Coupling>
HWY_NOINLINE void forward_path(const Coupling coupling, const Path& path, const Block<T>& block, bool first, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels;
    for (int c = 0; c < channels; c += lanes) {
        V sum[most_components];
        for (int m = 0; m < coupling.n3(); ++m) sum[m] = first ? hn::Zero(d) : hn::LoadU(d, out + path.output + m * channels + c);
        for (int e = 0; e < block.count; ++e) {
            const T* HWY_RESTRICT x = block.source[e] + path.input + c;
            const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
            const V w = hn::LoadU(d, block.weight[e] + path.weight + c);
            V a[most_components];
            for (int m = 0; m < coupling.n1(); ++m) a[m] = hn::Mul(w, hn::LoadU(d, x + m * channels));
            coupling.for_each([&](const Term& t) HWY_ATTR {
                if (t.opens) sum[t.m3] = hn::MulAdd(hn::Set(d, folded[t.pair * block_edges]), a[t.m1], sum[t.m3]);
            });
        }
        for (int m = 0; m < coupling.n3(); ++m) hn::StoreU(sum[m], d, out + path.output + m * channels + c);
    }
}

template <class T>
void forward(const ConvolveForward<T>& a, int begin, int end) {
    const ConvolutionPlan& plan = *a.plan;
    Block<T> block(plan);
    for (int i = begin; i < end; ++i) {
        T* out = a.output + static_cast<std::ptrdiff_t>(i - a.output_begin) * plan.output_width;
        std::int64_t e = a.first[i];
        if (e == a.first[i + 1]) std::memset(out, 0, static_cast<std::size_t>(plan.output_width) * sizeof(T));
        for (; e < a.first[i + 1]; e += block.count) {
            block.count = static_cast<int>(std::min<std::int64_t>(block_edges, a.first[i + 1] - e));
            for (int k = 0; k < block.count; ++k) {
                block.edge[k] = e + k;
                block.source[k] = a.input + static_cast<std::ptrdiff_t>(a.neighbour[e + k]) * plan.input_width;
            }
            spline_rows(a.radial, a.edges, plan.weight_width, false, block);
            fold(plan, a.edges.harmonics, block, block.folded);
            for (std::size_t p = 0; p < plan.paths.size(); ++p)
                with_coupling(plan.paths[p], plan.terms[p],
                              [&](const auto coupling) HWY_ATTR { forward_path(coupling, plan.paths[p], block, e == a.first[i], out); });
        }
    }
}

// ---- backward ----

/// Sums over channels, still spread over lanes: (block_edges) for x and (block_edges, S) for the harmonics.
template <class T>
struct LaneSums {
    base::AlignedVector<T> x, harmonics;
};

template <class T, class Coupling>
HWY_NOINLINE void backward_path(const Coupling coupling, const Path& path, const Block<T>& block, int harmonics, const T* HWY_RESTRICT in,
                                T* HWY_RESTRICT in_gradient, LaneSums<T>& sums) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels;
    for (int c = 0; c < channels; c += lanes) {
        V x[most_components], dx[most_components];
        for (int m = 0; m < coupling.n1(); ++m) {
            x[m] = hn::LoadU(d, in + path.input + m * channels + c);
            dx[m] = hn::LoadU(d, in_gradient + path.input + m * channels + c);
        }
        for (int e = 0; e < block.count; ++e) {
            const T* HWY_RESTRICT g = block.source[e] + path.output + c;
            const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
            const V w = hn::LoadU(d, block.weight[e] + path.weight + c);
            V out[most_components], back[most_components], y[most_components];
            for (int m = 0; m < coupling.n3(); ++m) out[m] = hn::LoadU(d, g + m * channels);
            for (int m = 0; m < coupling.n1(); ++m) back[m] = hn::Zero(d);
            for (int m = 0; m < coupling.n2(); ++m) y[m] = hn::Zero(d);
            V product = hn::Zero(d);
            coupling.for_each([&](const Term& t) HWY_ATTR {
                if (t.opens) {
                    back[t.m1] = hn::MulAdd(hn::Set(d, folded[t.pair * block_edges]), out[t.m3], back[t.m1]);
                    product = hn::Mul(x[t.m1], out[t.m3]);
                }
                y[t.m2] = hn::MulAdd(hn::Set(d, T(t.value)), product, y[t.m2]);
            });
            V radial = hn::Mul(x[0], back[0]);
            for (int m = 1; m < coupling.n1(); ++m) radial = hn::MulAdd(x[m], back[m], radial);
            for (int m = 0; m < coupling.n1(); ++m) dx[m] = hn::MulAdd(w, back[m], dx[m]);
            T* HWY_RESTRICT x_sum = sums.x.data() + e * lanes;
            hn::StoreU(hn::MulAdd(hn::LoadU(d, block.slope[e] + path.weight + c), radial, hn::LoadU(d, x_sum)), d, x_sum);
            T* HWY_RESTRICT y_sum = sums.harmonics.data() + (e * harmonics + path.l2 * path.l2) * lanes;
            for (int m = 0; m < coupling.n2(); ++m) hn::StoreU(hn::MulAdd(w, y[m], hn::LoadU(d, y_sum + m * lanes)), d, y_sum + m * lanes);
        }
        for (int m = 0; m < coupling.n1(); ++m) hn::StoreU(dx[m], d, in_gradient + path.input + m * channels + c);
    }
}

template <class T>
HWY_INLINE double sum_lanes(const T* lanes) {
    const hn::ScalableTag<T> d;
    return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, lanes))));
}

/// The next edges that end on atom j, from slot s on; returns how many. source: rows of `gradient` at their centres.
template <class T>
HWY_INLINE void take_incoming(const ConvolveBackward<T>& a, std::int64_t s, std::int64_t end, const T* adjoint, Block<T>& block) {
    block.count = static_cast<int>(std::min<std::int64_t>(block_edges, end - s));
    for (int k = 0; k < block.count; ++k) {
        block.edge[k] = a.incoming_edge[s + k];
        const auto row = static_cast<std::ptrdiff_t>(a.incoming_centre[s + k]) * a.plan->output_width;
        block.source[k] = a.output_gradient + row;
        if (adjoint) block.second[k] = adjoint + row;
    }
}

template <class T>
void backward(const ConvolveBackward<T>& a, int begin, int end) {
    const ConvolutionPlan& plan = *a.plan;
    const int lanes = static_cast<int>(hn::Lanes(hn::ScalableTag<T>())), size = plan.harmonics();
    Block<T> block(plan);
    LaneSums<T> sums;
    base::AlignedVector<T> unwanted(a.input_gradient ? 0 : static_cast<std::size_t>(plan.input_width));
    for (int j = begin; j < end; ++j) {
        const auto row = static_cast<std::ptrdiff_t>(j) * plan.input_width;
        T* in_gradient = a.input_gradient ? a.input_gradient + row : unwanted.data();
        std::memset(in_gradient, 0, static_cast<std::size_t>(plan.input_width) * sizeof(T));
        const std::int64_t stop = a.incoming_first[j + 1];
        for (std::int64_t s = a.incoming_first[j]; s < stop; s += block.count) {
            take_incoming<T>(a, s, stop, nullptr, block);
            spline_rows(a.radial, a.edges, plan.weight_width, true, block);
            fold(plan, a.edges.harmonics, block, block.folded);
            sums.x.assign(static_cast<std::size_t>(block_edges * lanes), T(0));
            sums.harmonics.assign(static_cast<std::size_t>(block_edges * size * lanes), T(0));
            for (std::size_t p = 0; p < plan.paths.size(); ++p)
                with_coupling(plan.paths[p], plan.terms[p], [&](const auto coupling) HWY_ATTR {
                    backward_path(coupling, plan.paths[p], block, size, a.input + row, in_gradient, sums);
                });
            for (int e = 0; e < block.count; ++e) {
                a.x_gradient[block.edge[e]] += sum_lanes(sums.x.data() + e * lanes);
                double* y = a.harmonics_gradient + block.edge[e] * size;
                for (int k = 1; k < size; ++k) y[k] += sum_lanes(sums.harmonics.data() + (e * size + k) * lanes);
            }
        }
    }
}

// ---- tangent of the forward pass ----

template <class T, class Coupling>
HWY_NOINLINE void tangent_path(const Coupling coupling, const Path& path, const Block<T>& block, const double* x_tangent, bool first,
                               T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels;
    for (int c = 0; c < channels; c += lanes) {
        V sum[most_components];
        for (int m = 0; m < coupling.n3(); ++m) sum[m] = first ? hn::Zero(d) : hn::LoadU(d, out + path.output + m * channels + c);
        for (int e = 0; e < block.count; ++e) {
            const T* HWY_RESTRICT x = block.source[e] + path.input + c;
            const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
            const T* HWY_RESTRICT folded_tangent = block.folded_tangent.data() + path.pairs * block_edges + e;
            const V w = hn::LoadU(d, block.weight[e] + path.weight + c);
            const V wt = hn::Mul(hn::Set(d, T(x_tangent[block.edge[e]])), hn::LoadU(d, block.slope[e] + path.weight + c));
            V a[most_components], at[most_components];
            for (int m = 0; m < coupling.n1(); ++m) {
                const V value = hn::LoadU(d, x + m * channels);
                a[m] = hn::Mul(w, value);
                at[m] = hn::Mul(wt, value);
            }
            if (block.second[e]) {
                const T* HWY_RESTRICT xt = block.second[e] + path.input + c;
                for (int m = 0; m < coupling.n1(); ++m) at[m] = hn::MulAdd(w, hn::LoadU(d, xt + m * channels), at[m]);
            }
            coupling.for_each([&](const Term& t) HWY_ATTR {
                if (!t.opens) return;
                sum[t.m3] = hn::MulAdd(hn::Set(d, folded[t.pair * block_edges]), at[t.m1], sum[t.m3]);
                sum[t.m3] = hn::MulAdd(hn::Set(d, folded_tangent[t.pair * block_edges]), a[t.m1], sum[t.m3]);
            });
        }
        for (int m = 0; m < coupling.n3(); ++m) hn::StoreU(sum[m], d, out + path.output + m * channels + c);
    }
}

template <class T>
void tangent(const ConvolveTangent<T>& a, int begin, int end) {
    const auto& f = a.primal;
    const ConvolutionPlan& plan = *f.plan;
    Block<T> block(plan);
    for (int i = begin; i < end; ++i) {
        T* out = a.output_tangent + static_cast<std::ptrdiff_t>(i - f.output_begin) * plan.output_width;
        std::int64_t e = f.first[i];
        if (e == f.first[i + 1]) std::memset(out, 0, static_cast<std::size_t>(plan.output_width) * sizeof(T));
        for (; e < f.first[i + 1]; e += block.count) {
            block.count = static_cast<int>(std::min<std::int64_t>(block_edges, f.first[i + 1] - e));
            for (int k = 0; k < block.count; ++k) {
                const auto row = static_cast<std::ptrdiff_t>(f.neighbour[e + k]) * plan.input_width;
                block.edge[k] = e + k;
                block.source[k] = f.input + row;
                block.second[k] = a.input_tangent ? a.input_tangent + row : nullptr;
            }
            spline_rows(f.radial, f.edges, plan.weight_width, true, block);
            fold(plan, f.edges.harmonics, block, block.folded);
            fold(plan, a.edge_tangent.harmonics, block, block.folded_tangent);
            for (std::size_t p = 0; p < plan.paths.size(); ++p)
                with_coupling(plan.paths[p], plan.terms[p], [&](const auto coupling) HWY_ATTR {
                    tangent_path(coupling, plan.paths[p], block, a.edge_tangent.x, e == f.first[i], out);
                });
        }
    }
}

// ---- reverse of the tangent pass ----

/// Adjoints of weights and slopes of a block, (block_edges, weight_width).
template <class T>
struct WeightAdjoints {
    base::AlignedVector<T> weight, slope;
};

template <class T, class Coupling>
HWY_NOINLINE void tangent_backward_path(const Coupling coupling, const Path& path, const Block<T>& block, const double* x_tangent,
                                        int width, const T* HWY_RESTRICT in, const T* HWY_RESTRICT in_tangent, T* HWY_RESTRICT in_adjoint,
                                        WeightAdjoints<T>& adjoints) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels;
    for (int c = 0; c < channels; c += lanes) {
        V x[most_components], xt[most_components], dx[most_components];
        for (int m = 0; m < coupling.n1(); ++m) {
            x[m] = hn::LoadU(d, in + path.input + m * channels + c);
            xt[m] = in_tangent ? hn::LoadU(d, in_tangent + path.input + m * channels + c) : hn::Zero(d);
            dx[m] = hn::LoadU(d, in_adjoint + path.input + m * channels + c);
        }
        for (int e = 0; e < block.count; ++e) {
            const T* HWY_RESTRICT g = block.source[e] + path.output + c;
            const T* HWY_RESTRICT o = block.second[e] + path.output + c;
            const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
            const T* HWY_RESTRICT folded_tangent = block.folded_tangent.data() + path.pairs * block_edges + e;
            V out[most_components], adjoint[most_components], back[most_components], full[most_components];
            for (int m = 0; m < coupling.n3(); ++m) {
                out[m] = hn::LoadU(d, g + m * channels);
                adjoint[m] = hn::LoadU(d, o + m * channels);
            }
            for (int m = 0; m < coupling.n1(); ++m) back[m] = full[m] = hn::Zero(d);
            coupling.for_each([&](const Term& t) HWY_ATTR {
                if (!t.opens) return;
                const V f = hn::Set(d, folded[t.pair * block_edges]);
                back[t.m1] = hn::MulAdd(f, out[t.m3], back[t.m1]);
                full[t.m1] = hn::MulAdd(f, adjoint[t.m3], full[t.m1]);
                full[t.m1] = hn::MulAdd(hn::Set(d, folded_tangent[t.pair * block_edges]), out[t.m3], full[t.m1]);
            });
            const V w = hn::LoadU(d, block.weight[e] + path.weight + c);
            const V step = hn::Set(d, T(x_tangent[block.edge[e]]));
            const V wt = hn::Mul(step, hn::LoadU(d, block.slope[e] + path.weight + c));
            V weight = hn::Zero(d), slope = hn::Zero(d);
            for (int m = 0; m < coupling.n1(); ++m) {
                weight = hn::MulAdd(x[m], full[m], hn::MulAdd(xt[m], back[m], weight));
                slope = hn::MulAdd(x[m], back[m], slope);
                dx[m] = hn::MulAdd(w, full[m], hn::MulAdd(wt, back[m], dx[m]));
            }
            hn::StoreU(weight, d, adjoints.weight.data() + e * width + path.weight + c);
            hn::StoreU(hn::Mul(slope, step), d, adjoints.slope.data() + e * width + path.weight + c);
        }
        for (int m = 0; m < coupling.n1(); ++m) hn::StoreU(dx[m], d, in_adjoint + path.input + m * channels + c);
    }
}

/// Adds the adjoints of a block to the spline coefficients they came from.
template <class T>
HWY_NOINLINE void scatter_to_spline(const Block<T>& block, const double* x, int intervals, int width, const WeightAdjoints<T>& adjoints,
                                    T* HWY_RESTRICT coefficients) {
    const hn::ScalableTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    for (int e = 0; e < block.count; ++e) {
        const auto taps = reference::spline_taps(x[block.edge[e]], intervals);
        if (!taps.inside) continue;
        const T* HWY_RESTRICT w = adjoints.weight.data() + e * width;
        const T* HWY_RESTRICT s = adjoints.slope.data() + e * width;
        T* HWY_RESTRICT c = coefficients + static_cast<std::ptrdiff_t>(taps.interval) * width;
        for (int u = 0; u < width; u += lanes) {
            const auto wu = hn::LoadU(d, w + u), su = hn::LoadU(d, s + u);
            for (int m = 0; m < 4; ++m) {
                T* row = c + m * width + u;
                const auto sum = hn::MulAdd(hn::Set(d, T(taps.value[m])), wu, hn::LoadU(d, row));
                hn::StoreU(hn::MulAdd(hn::Set(d, T(taps.slope[m])), su, sum), d, row);
            }
        }
    }
}

template <class T>
void tangent_backward(const ConvolveTangentBackward<T>& a, int begin, int end) {
    const auto& b = a.primal;
    const ConvolutionPlan& plan = *b.plan;
    const int width = plan.weight_width;
    Block<T> block(plan);
    WeightAdjoints<T> adjoints;
    adjoints.weight.resize(static_cast<std::size_t>(block_edges * width));
    adjoints.slope.resize(adjoints.weight.size());
    base::AlignedVector<T> unwanted(b.input_gradient ? 0 : static_cast<std::size_t>(plan.input_width));
    for (int j = begin; j < end; ++j) {
        const auto row = static_cast<std::ptrdiff_t>(j) * plan.input_width;
        T* in_adjoint = b.input_gradient ? b.input_gradient + row : unwanted.data();
        std::memset(in_adjoint, 0, static_cast<std::size_t>(plan.input_width) * sizeof(T));
        const std::int64_t stop = b.incoming_first[j + 1];
        for (std::int64_t s = b.incoming_first[j]; s < stop; s += block.count) {
            take_incoming<T>(b, s, stop, a.output_adjoint, block);
            spline_rows(b.radial, b.edges, width, true, block);
            fold(plan, b.edges.harmonics, block, block.folded);
            fold(plan, a.edge_tangent.harmonics, block, block.folded_tangent);
            for (std::size_t p = 0; p < plan.paths.size(); ++p)
                with_coupling(plan.paths[p], plan.terms[p], [&](const auto coupling) HWY_ATTR {
                    tangent_backward_path(coupling, plan.paths[p], block, a.edge_tangent.x, width, b.input + row,
                                          a.input_tangent ? a.input_tangent + row : nullptr, in_adjoint, adjoints);
                });
            if (a.coefficient_gradient) scatter_to_spline(block, b.edges.x, b.radial.intervals, width, adjoints, a.coefficient_gradient);
            for (int e = 0; e < block.count; ++e) {
                const auto bytes = static_cast<std::size_t>(width) * sizeof(T);
                if (a.row_gradient) std::memcpy(a.row_gradient + block.edge[e] * width, adjoints.weight.data() + e * width, bytes);
                if (a.slope_gradient) std::memcpy(a.slope_gradient + block.edge[e] * width, adjoints.slope.data() + e * width, bytes);
            }
        }
    }
}

template <class T>
ConvolutionKernels<T> convolution_set() {
    return {forward<T>, backward<T>, tangent<T>, tangent_backward<T>};
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
