// Forward and backward convolution for one instruction set and both precisions; included through Highway's foreach_target.
//
// A block of edges of one atom is prepared together (edge_block-inl.hpp): M[m1][m3] = sum_m2 C[m1,m2,m3] Y[m2], one vector
// lane per edge. Then each path runs over channels (outer) and edges (inner) with its sums in registers. Paths of low orders
// are unrolled at compile time, higher ones walk their term list.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "alkali/kernels/simd/couplings.hpp"
#include "alkali/kernels/simd/edge_block-inl.hpp"

#if defined(ALKALI_CONVOLUTION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ALKALI_CONVOLUTION_INL
#undef ALKALI_CONVOLUTION_INL
#else
#define ALKALI_CONVOLUTION_INL
#endif

#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Terms known to the compiler.
template <int L1, int L2, int L3>
struct StaticCoupling {
    static constexpr int l1 = L1, l2 = L2, l3 = L3;
    static constexpr std::size_t count = math::coupling<L1, L2, L3>.count;
    [[nodiscard]] HWY_INLINE constexpr int n1() const { return 2 * L1 + 1; }
    [[nodiscard]] HWY_INLINE constexpr int n2() const { return 2 * L2 + 1; }
    [[nodiscard]] HWY_INLINE constexpr int n3() const { return 2 * L3 + 1; }
    template <class F>
    HWY_INLINE void for_each(F f) const {
        visit<static_terms<L1, L2, L3>>(f, std::make_index_sequence<count>());
    }
    template <class F>
    HWY_INLINE void for_each_harmonic_term(F f) const {
        visit<harmonic_gradient_terms<L1, L2, L3>>(f, std::make_index_sequence<count>());
    }

private:
    template <const auto& Terms, std::size_t I, class F>
    HWY_INLINE static void one(F& f) {
        constexpr auto term = Terms[I];
        f(term);
    }
    template <const auto& Terms, class F, std::size_t... I>
    HWY_INLINE static void visit(F& f, std::index_sequence<I...>) {
        (one<Terms, I>(f), ...);
    }
};

/// Terms of a plan, for any orders.
struct DynamicCoupling {
    static constexpr int l1 = -1, l2 = -1, l3 = -1;
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
    constexpr int base = highest_static_order + 1;
    if (std::max({path.l1, path.l2, path.l3}) > highest_static_order) return f(DynamicCoupling{&path, &terms});
    const int key = (path.l1 * base + path.l2) * base + path.l3;
    const auto use = [&]<int K>(std::integral_constant<int, K>) HWY_ATTR {
        constexpr int l1 = K / (base * base), l2 = K / base % base, l3 = K % base;
        if constexpr (math::coupled(l1, l2, l3)) {
            if (key == K) f(StaticCoupling<l1, l2, l3>());
        }
    };
    [&]<int... K>(std::integer_sequence<int, K...>) HWY_ATTR { (use(std::integral_constant<int, K>()), ...); }
    (std::make_integer_sequence<int, base * base * base>());
}

/// Evaluates the radial weights group by group (with Slopes also dw/dx) and calls f(coupling, path) for each path.
template <bool Slopes, class T, class F>
HWY_INLINE void for_each_path(const ConvolutionPlan& plan, const RadialView<T>& radial, Block<T>& block, F f) {
    PathGroup group;
    for (std::size_t p = 0; p < plan.paths.size(); ++p) {
        if (p == group.end) group_weights<Slopes>(radial, plan, group = group_from(plan, p), block);
        with_coupling(plan.paths[p], plan.terms[p], [&](const auto coupling) HWY_ATTR { f(coupling, plan.paths[p]); });
    }
}

// ---- forward ----

/// Vectors of channels whose sums run side by side: a sum's next term waits for the last, and paths have few components.
template <class Coupling>
HWY_INLINE constexpr int vectors_at_once() {
    constexpr int registers = HWY_TARGET <= HWY_AVX3 ? 32 : 16;
    if constexpr (Coupling::l1 < 0) return 1;
    return 2 * (2 * Coupling::l1 + 1 + 2 * Coupling::l3 + 1) + 4 <= registers ? 2 : 1;
}

/// Sums over the block's edges into the output of a path, held in registers: calls add(column, e, sum) for each vector of
/// channels, which starts at `column`, and each edge. `first`: the output begins here.
template <int Vectors, class T, class Coupling, class Add>
HWY_INLINE int sum_over_edges_from(int c, const Coupling coupling, const Path& path, int count, bool first, T* HWY_RESTRICT out, Add add) {
    const hn::ScalableTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels;
    for (; c + Vectors * lanes <= channels; c += Vectors * lanes) {
        hn::Vec<decltype(d)> sum[Vectors][most_components];
        for (int v = 0; v < Vectors; ++v)
            for (int m = 0; m < coupling.n3(); ++m)
                sum[v][m] = first ? hn::Zero(d) : hn::LoadU(d, out + path.output + m * channels + c + v * lanes);
        for (int e = 0; e < count; ++e)
            for (int v = 0; v < Vectors; ++v) add(c + v * lanes, e, sum[v]);
        for (int v = 0; v < Vectors; ++v)
            for (int m = 0; m < coupling.n3(); ++m) hn::StoreU(sum[v][m], d, out + path.output + m * channels + c + v * lanes);
    }
    return c;
}

template <class T, class Coupling, class Add>
HWY_INLINE void sum_over_edges(const Coupling coupling, const Path& path, int count, bool first, T* HWY_RESTRICT out, Add add) {
    int c = 0;
    if constexpr (vectors_at_once<Coupling>() > 1) c = sum_over_edges_from<2>(c, coupling, path, count, first, out, add);
    sum_over_edges_from<1>(c, coupling, path, count, first, out, add);
}

template <class T, class Coupling>
HWY_NOINLINE void forward_path(const Coupling coupling, const Path& path, const Block<T>& block, bool first, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int channels = path.channels, column = path.weight - block.first_column;
    sum_over_edges(coupling, path, block.count, first, out, [&](int c, int e, V* sum) ALKALI_INLINED {
        const T* HWY_RESTRICT x = block.source[e] + path.input + c;
        const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
        const V w = hn::LoadU(d, block.weight[e] + column + c);
        V a[most_components];
        for (int m = 0; m < coupling.n1(); ++m) a[m] = hn::Mul(w, hn::LoadU(d, x + m * channels));
        coupling.for_each([&](const Term& t) ALKALI_INLINED {
            if (t.opens) sum[t.m3] = hn::MulAdd(hn::Set(d, folded[t.pair * block_edges]), a[t.m1], sum[t.m3]);
        });
    });
}

/// The next edges of centre i, from e on, up to a block. source: rows of `input` at their neighbours.
template <class T>
HWY_INLINE void take_outgoing(const ConvolveForward<T>& a, std::int64_t e, std::int64_t end, const T* tangent, Block<T>& block) {
    block.count = static_cast<int>(std::min<std::int64_t>(block_edges, end - e));
    for (int k = 0; k < block.count; ++k) {
        const auto row = static_cast<std::ptrdiff_t>(a.neighbour[e + k]) * a.plan->input_width;
        block.edge[k] = e + k;
        block.source[k] = a.input + row;
        block.second[k] = tangent ? tangent + row : nullptr;
    }
    locate(a.edges, a.radial.rows ? 0 : a.radial.intervals, block);
    evaluate_harmonics(*a.plan, block);
    fold<T>(*a.plan, block.harmonics, block.folded);
}

template <class T>
void forward(const ConvolveForward<T>& a, int begin, int end) {
    const ConvolutionPlan& plan = *a.plan;
    Block<T> block(plan);
    for (int i = begin; i < end; ++i) {
        T* out = a.output + static_cast<std::ptrdiff_t>(i - a.output_begin) * plan.output_width;
        const std::int64_t start = a.first[i], stop = a.first[i + 1];
        if (start == stop) std::memset(out, 0, static_cast<std::size_t>(plan.output_width) * sizeof(T));
        for (std::int64_t e = start; e < stop; e += block.count) {
            take_outgoing<T>(a, e, stop, nullptr, block);
            for_each_path<false>(plan, a.radial, block, [&](const auto coupling, const Path& path) HWY_ATTR {
                forward_path(coupling, path, block, e == start, out);
            });
        }
    }
}

// ---- backward ----

/// Sums over channels, still spread over the lanes of one vector: (block_edges) for x and (S, block_edges) for the harmonics.
template <class T>
struct LaneSums {
    base::AlignedVector<T> x, harmonics;
    Lanes<T> radial, direction[3];
    base::AlignedVector<T> harmonics_gradient;  ///< (S, block_edges)

    explicit LaneSums(int size)
        : x(static_cast<std::size_t>(block_edges) * hn::MaxLanes(hn::ScalableTag<T>())),
          harmonics(x.size() * static_cast<std::size_t>(size)),
          harmonics_gradient(static_cast<std::size_t>(block_edges * size)) {}
    void clear() {
        std::memset(x.data(), 0, x.size() * sizeof(T));
        std::memset(harmonics.data(), 0, harmonics.size() * sizeof(T));
    }
};

/// sum_m2 y[m2] of w * sum C x g, added to rows of lane sums (one row per m2, `stride` apart).
template <int L1, int L2, int L3, class D, class V, class T>
HWY_INLINE void add_harmonic_gradient(const StaticCoupling<L1, L2, L3> coupling, D d, V w, const V* x, const V* g, T* HWY_RESTRICT sums,
                                      int stride) {
    const auto add = [&](int m2, auto product_a, auto product_b) ALKALI_INLINED {
        T* row = sums + m2 * stride;
        hn::Store(hn::MulAdd(product_a, product_b, hn::Load(d, row)), d, row);
    };
    constexpr T unit = static_cast<T>(math::coupling<L1, L2, L3>.terms[0].value);
    if constexpr (L2 == 0) {
        return;  // a constant
    } else if constexpr (L1 == 0) {
        const V scaled = hn::Mul(hn::Mul(w, hn::Set(d, unit)), x[0]);
        for (int m = 0; m < coupling.n2(); ++m) add(m, scaled, g[m]);
    } else if constexpr (L3 == 0) {
        const V scaled = hn::Mul(hn::Mul(w, hn::Set(d, unit)), g[0]);
        for (int m = 0; m < coupling.n2(); ++m) add(m, scaled, x[m]);
    } else {
        V group = hn::Zero(d), y = hn::Zero(d);
        coupling.for_each_harmonic_term([&](const HarmonicGradientTerm& t) ALKALI_INLINED {
            const V a = x[t.m1], b = g[t.m3];
            if (t.opens)
                group = t.negative ? hn::Neg(hn::Mul(a, b)) : hn::Mul(a, b);
            else
                group = t.negative ? hn::NegMulAdd(a, b, group) : hn::MulAdd(a, b, group);
            if (!t.closes) return;
            const V c = hn::Set(d, T(t.magnitude));
            y = t.first ? hn::Mul(c, group) : hn::MulAdd(c, group, y);
            if (t.last) add(t.m2, w, y);
        });
    }
}

template <class D, class V, class T>
HWY_INLINE void add_harmonic_gradient(const DynamicCoupling coupling, D d, V w, const V* x, const V* g, T* HWY_RESTRICT sums, int stride) {
    V y[most_components];
    for (int m = 0; m < coupling.n2(); ++m) y[m] = hn::Zero(d);
    V product = hn::Zero(d);
    coupling.for_each([&](const Term& t) ALKALI_INLINED {
        if (t.opens) product = hn::Mul(x[t.m1], g[t.m3]);
        y[t.m2] = hn::MulAdd(hn::Set(d, T(t.value)), product, y[t.m2]);
    });
    for (int m = 0; m < coupling.n2(); ++m) {
        T* row = sums + m * stride;
        hn::Store(hn::MulAdd(w, y[m], hn::Load(d, row)), d, row);
    }
}

template <class T, class Coupling>
HWY_NOINLINE void backward_path(const Coupling coupling, const Path& path, const Block<T>& block, const T* HWY_RESTRICT in,
                                T* HWY_RESTRICT in_gradient, LaneSums<T>& sums) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels, column = path.weight - block.first_column;
    for (int c = 0; c < channels; c += lanes) {
        V x[most_components], dx[most_components];
        for (int m = 0; m < coupling.n1(); ++m) {
            x[m] = hn::LoadU(d, in + path.input + m * channels + c);
            dx[m] = hn::LoadU(d, in_gradient + path.input + m * channels + c);
        }
        for (int e = 0; e < block.count; ++e) {
            const T* HWY_RESTRICT g = block.source[e] + path.output + c;
            const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
            const V w = hn::LoadU(d, block.weight[e] + column + c), slope = hn::LoadU(d, block.slope[e] + column + c);
            V out[most_components], back[most_components];
            for (int m = 0; m < coupling.n3(); ++m) out[m] = hn::LoadU(d, g + m * channels);
            for (int m = 0; m < coupling.n1(); ++m) back[m] = hn::Zero(d);
            coupling.for_each([&](const Term& t) ALKALI_INLINED {
                if (t.opens) back[t.m1] = hn::MulAdd(hn::Set(d, folded[t.pair * block_edges]), out[t.m3], back[t.m1]);
            });
            V radial = hn::Mul(x[0], back[0]);
            for (int m = 1; m < coupling.n1(); ++m) radial = hn::MulAdd(x[m], back[m], radial);
            for (int m = 0; m < coupling.n1(); ++m) dx[m] = hn::MulAdd(w, back[m], dx[m]);
            T* HWY_RESTRICT x_sum = sums.x.data() + e * lanes;
            hn::Store(hn::MulAdd(slope, radial, hn::Load(d, x_sum)), d, x_sum);
            add_harmonic_gradient(coupling, d, w, x, out, sums.harmonics.data() + (path.l2 * path.l2 * block_edges + e) * lanes,
                                  block_edges * lanes);
        }
        for (int m = 0; m < coupling.n1(); ++m) hn::StoreU(dx[m], d, in_gradient + path.input + m * channels + c);
    }
}

/// The next edges that end on atom j, from slot s on, up to a block. source: rows of the output gradient at their centres.
template <class T>
HWY_INLINE void take_incoming(const ConvolveBackward<T>& a, std::int64_t s, std::int64_t end, const T* adjoint, Block<T>& block) {
    block.count = static_cast<int>(std::min<std::int64_t>(block_edges, end - s));
    for (int k = 0; k < block.count; ++k) {
        block.edge[k] = a.incoming_edge[s + k];
        const auto row = a.output_offset(s + k);
        block.source[k] = a.output_gradient + row;
        if (adjoint) block.second[k] = adjoint + row;
    }
    locate(a.edges, a.radial.rows ? 0 : a.radial.intervals, block);
    evaluate_harmonics(*a.plan, block);
    fold<T>(*a.plan, block.harmonics, block.folded);
}

/// From the lane sums of a block to gradients with respect to its edge vectors:
/// dE/dr = (dE/dx / cutoff) n + (1 - n n^T) dE/dn / |r|.
template <class T>
HWY_NOINLINE void add_edge_gradients(const ConvolutionPlan& plan, const Block<T>& block, LaneSums<T>& sums, Vec3* edge_gradient) {
    const int lanes = static_cast<int>(hn::Lanes(hn::ScalableTag<T>())), size = plan.harmonics();
    sum_rows(sums.x.data(), sums.radial.value);
    for (int s = 1; s < size; ++s)
        sum_rows(sums.harmonics.data() + s * block_edges * lanes, sums.harmonics_gradient.data() + s * block_edges);
    harmonics_to_direction(plan, block, sums.harmonics_gradient.data(), sums.direction);
    const EdgeTag<double> d;
    Lanes<double> gradient[3];
    for_doubles([&](int k) HWY_ATTR {
        const auto n0 = hn::Load(d, block.unit[0].at(k)), n1 = hn::Load(d, block.unit[1].at(k)), n2 = hn::Load(d, block.unit[2].at(k));
        const auto t0 = load_as_double(sums.direction[0].at(k)), t1 = load_as_double(sums.direction[1].at(k)),
                   t2 = load_as_double(sums.direction[2].at(k));
        const auto inverse = hn::Load(d, block.inverse_length.at(k));
        const auto along = hn::MulAdd(n0, t0, hn::MulAdd(n1, t1, hn::Mul(n2, t2)));
        const auto radial = hn::Mul(load_as_double(sums.radial.at(k)), hn::Load(d, block.inverse_cutoff.at(k)));
        const auto scale = hn::NegMulAdd(along, inverse, radial);
        hn::Store(hn::MulAdd(inverse, t0, hn::Mul(scale, n0)), d, gradient[0].at(k));
        hn::Store(hn::MulAdd(inverse, t1, hn::Mul(scale, n1)), d, gradient[1].at(k));
        hn::Store(hn::MulAdd(inverse, t2, hn::Mul(scale, n2)), d, gradient[2].at(k));
    });
    for (int e = 0; e < block.count; ++e) edge_gradient[block.edge[e]] += Vec3(gradient[0][e], gradient[1][e], gradient[2][e]);
}

template <class T>
void backward(const ConvolveBackward<T>& a, int begin, int end) {
    const ConvolutionPlan& plan = *a.plan;
    Block<T> block(plan);
    LaneSums<T> sums(plan.harmonics());
    base::AlignedVector<T> in_gradient(static_cast<std::size_t>(plan.input_width));
    for (int j = begin; j < end; ++j) {
        const auto row = static_cast<std::ptrdiff_t>(j) * plan.input_width;
        std::fill(in_gradient.begin(), in_gradient.end(), T(0));
        const std::int64_t stop = a.incoming_first[j + 1];
        for (std::int64_t s = a.incoming_first[j]; s < stop; s += block.count) {
            take_incoming<T>(a, s, stop, nullptr, block);
            sums.clear();
            for_each_path<true>(plan, a.radial, block, [&](const auto coupling, const Path& path) HWY_ATTR {
                backward_path(coupling, path, block, a.input + row, in_gradient.data(), sums);
            });
            add_edge_gradients(plan, block, sums, a.edge_gradient);
        }
        if (a.input_gradient) std::copy(in_gradient.begin(), in_gradient.end(), a.input_gradient + row);
    }
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#endif
