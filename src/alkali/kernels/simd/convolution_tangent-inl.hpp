// Tangent of the forward convolution and its reverse (training), for one instruction set and both precisions; included
// through Highway's foreach_target. Built like convolution-inl.hpp.
#include <hwy/highway.h>

#include "alkali/kernels/simd/convolution-inl.hpp"

#if defined(ALKALI_CONVOLUTION_TANGENT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ALKALI_CONVOLUTION_TANGENT_INL
#undef ALKALI_CONVOLUTION_TANGENT_INL
#else
#define ALKALI_CONVOLUTION_TANGENT_INL
#endif

#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Directional derivatives of the block's geometry, harmonics and folded couplings.
template <class T>
HWY_INLINE void take_tangent(const ConvolutionPlan& plan, const Vec3* tangent, Block<T>& block) {
    locate_tangent(tangent, block);
    evaluate_harmonic_tangents(plan, block);
    fold<T>(plan, block.tangents, block.folded_tangent);
}

template <class T, class Coupling>
HWY_NOINLINE void tangent_path(const Coupling coupling, const Path& path, const Block<T>& block, bool first, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int channels = path.channels, column = path.weight - block.first_column;
    sum_over_edges(coupling, path, block.count, first, out, [&](int c, int e, V* sum) ALKALI_INLINED {
        const T* HWY_RESTRICT x = block.source[e] + path.input + c;
        const T* HWY_RESTRICT folded = block.folded.data() + path.pairs * block_edges + e;
        const T* HWY_RESTRICT folded_tangent = block.folded_tangent.data() + path.pairs * block_edges + e;
        const V w = hn::LoadU(d, block.weight[e] + column + c);
        const V wt = hn::Mul(hn::Set(d, block.x_tangent[e]), hn::LoadU(d, block.slope[e] + column + c));
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
        coupling.for_each([&](const Term& t) ALKALI_INLINED {
            if (!t.opens) return;
            sum[t.m3] = hn::MulAdd(hn::Set(d, folded[t.pair * block_edges]), at[t.m1], sum[t.m3]);
            sum[t.m3] = hn::MulAdd(hn::Set(d, folded_tangent[t.pair * block_edges]), a[t.m1], sum[t.m3]);
        });
    });
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
            take_outgoing<T>(f, e, f.first[i + 1], a.input_tangent, block);
            take_tangent(plan, a.edge_tangent, block);
            for_each_path<true>(plan, f.radial, block, [&](const auto coupling, const Path& path) HWY_ATTR {
                tangent_path(coupling, path, block, e == f.first[i], out);
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
HWY_NOINLINE void tangent_backward_path(const Coupling coupling, const Path& path, const Block<T>& block, int width,
                                        const T* HWY_RESTRICT in, const T* HWY_RESTRICT in_tangent, T* HWY_RESTRICT in_adjoint,
                                        WeightAdjoints<T>& adjoints) {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const int lanes = static_cast<int>(hn::Lanes(d)), channels = path.channels, column = path.weight - block.first_column;
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
            coupling.for_each([&](const Term& t) ALKALI_INLINED {
                if (!t.opens) return;
                const V f = hn::Set(d, folded[t.pair * block_edges]);
                back[t.m1] = hn::MulAdd(f, out[t.m3], back[t.m1]);
                full[t.m1] = hn::MulAdd(f, adjoint[t.m3], full[t.m1]);
                full[t.m1] = hn::MulAdd(hn::Set(d, folded_tangent[t.pair * block_edges]), out[t.m3], full[t.m1]);
            });
            const V w = hn::LoadU(d, block.weight[e] + column + c);
            const V step = hn::Set(d, block.x_tangent[e]);
            const V wt = hn::Mul(step, hn::LoadU(d, block.slope[e] + column + c));
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
HWY_NOINLINE void scatter_to_spline(const Block<T>& block, int width, const WeightAdjoints<T>& adjoints, T* HWY_RESTRICT coefficients) {
    const hn::ScalableTag<T> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    for (int e = 0; e < block.count; ++e) {
        const T* HWY_RESTRICT w = adjoints.weight.data() + e * width;
        const T* HWY_RESTRICT s = adjoints.slope.data() + e * width;
        T* HWY_RESTRICT c = coefficients + static_cast<std::ptrdiff_t>(block.interval[e]) * width;
        for (int u = 0; u < width; u += lanes) {
            const auto wu = hn::LoadU(d, w + u), su = hn::LoadU(d, s + u);
            for (int m = 0; m < 4; ++m) {
                T* row = c + m * width + u;
                const auto sum = hn::MulAdd(hn::Set(d, block.tap[m][e]), wu, hn::LoadU(d, row));
                hn::StoreU(hn::MulAdd(hn::Set(d, block.slope_tap[m][e]), su, sum), d, row);
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
    base::AlignedVector<T> in_adjoint(static_cast<std::size_t>(plan.input_width));
    for (int j = begin; j < end; ++j) {
        const auto row = static_cast<std::ptrdiff_t>(j) * plan.input_width;
        std::fill(in_adjoint.begin(), in_adjoint.end(), T(0));
        const std::int64_t stop = b.incoming_first[j + 1];
        for (std::int64_t s = b.incoming_first[j]; s < stop; s += block.count) {
            take_incoming<T>(b, s, stop, a.output_adjoint, block);
            take_tangent(plan, a.edge_tangent, block);
            for_each_path<true>(plan, b.radial, block, [&](const auto coupling, const Path& path) HWY_ATTR {
                tangent_backward_path(coupling, path, block, width, b.input + row, a.input_tangent ? a.input_tangent + row : nullptr,
                                      in_adjoint.data(), adjoints);
            });
            if (a.coefficient_gradient) scatter_to_spline(block, width, adjoints, a.coefficient_gradient);
            for (int e = 0; e < block.count; ++e) {
                const auto bytes = static_cast<std::size_t>(width) * sizeof(T);
                if (a.row_gradient) std::memcpy(a.row_gradient + block.edge[e] * width, adjoints.weight.data() + e * width, bytes);
                if (a.slope_gradient) std::memcpy(a.slope_gradient + block.edge[e] * width, adjoints.slope.data() + e * width, bytes);
            }
        }
        if (b.input_gradient) std::copy(in_adjoint.begin(), in_adjoint.end(), b.input_gradient + row);
    }
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#endif
