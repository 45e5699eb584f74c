#include <algorithm>
#include <cstddef>

#include "alkali/kernels/reference/kernels.hpp"

// Plain loops, as the formulas in contract/embedding.hpp read.
namespace alkali::kernels::reference {
namespace {

using Index = std::ptrdiff_t;

/// G[c] of edge e, or with `weights` = slope its derivative.
template <class T>
T spline(const EmbeddingEdges<T>& edges, const T* weights, Index e, Index c) {
    T sum = 0;
    for (Index m = 0; m < 4; ++m) sum += weights[4 * e + m] * edges.table[(edges.row[e] + m) * edges.width + c];
    return sum;
}

template <class T>
void forward(const EmbedForward<T>& f, int begin, int end) {
    const auto& edges = f.edges;
    for (Index i = begin; i < end; ++i)
        for (Index k = 0; k < 4; ++k)
            for (Index c = 0; c < edges.width; ++c) {
                T sum = 0;
                for (Index e = edges.first[i]; e < edges.first[i + 1]; ++e) sum += edges.q[4 * e + k] * spline(edges, edges.basis, e, c);
                f.moments[(4 * i + k) * edges.width + c] = sum;
            }
}

template <class T>
void backward(const EmbedBackward<T>& b, int begin, int end) {
    const auto& edges = b.edges;
    for (Index i = begin; i < end; ++i)
        for (Index e = edges.first[i]; e < edges.first[i + 1]; ++e) {
            T* out = b.gradient + 5 * e;
            std::fill(out, out + 5, T(0));
            for (Index c = 0; c < edges.width; ++c) {
                const T value = spline(edges, edges.basis, e, c), slope = spline(edges, edges.slope, e, c);
                for (Index k = 0; k < 4; ++k) {
                    const T gradient = b.moment_gradient[(4 * i + k) * edges.width + c];
                    out[k] += gradient * value;
                    out[4] += gradient * edges.q[4 * e + k] * slope;
                }
            }
        }
}

template <class T>
void tangent(const EmbedTangent<T>& t, int begin, int end) {
    const auto& edges = t.edges;
    for (Index i = begin; i < end; ++i)
        for (Index k = 0; k < 4; ++k)
            for (Index c = 0; c < edges.width; ++c) {
                T sum = 0;
                for (Index e = edges.first[i]; e < edges.first[i + 1]; ++e)
                    sum += t.q_tangent[4 * e + k] * spline(edges, edges.basis, e, c) +
                           edges.q[4 * e + k] * t.number_tangent[e] * spline(edges, edges.slope, e, c);
                t.moments_tangent[(4 * i + k) * edges.width + c] = sum;
            }
}

template <class T>
void tangent_backward(const EmbedTangentBackward<T>& b, int begin, int end) {
    const auto& edges = b.tangent.edges;
    for (Index i = begin; i < end; ++i)
        for (Index e = edges.first[i]; e < edges.first[i + 1]; ++e)
            for (Index c = 0; c < edges.width; ++c) {
                T value = 0, slope = 0;
                for (Index k = 0; k < 4; ++k) {
                    const Index at = (4 * i + k) * edges.width + c;
                    value += b.adjoint[at] * edges.q[4 * e + k] + b.tangent_adjoint[at] * b.tangent.q_tangent[4 * e + k];
                    slope += b.tangent_adjoint[at] * edges.q[4 * e + k];
                }
                slope *= b.tangent.number_tangent[e];
                for (Index m = 0; m < 4; ++m)
                    b.table_gradient[(edges.row[e] + m) * edges.width + c] +=
                        edges.basis[4 * e + m] * value + edges.slope[4 * e + m] * slope;
            }
}

template <class T>
void gram(const Gram<T>& g) {
    for (Index i = 0; i < g.atoms; ++i) {
        const T* right = g.right + 4 * i * g.width;
        const T* left = g.left ? g.left + 4 * i * g.width : nullptr;
        T* out = g.out + i * g.out_row;
        for (Index a = 0; a < g.axis; ++a)
            for (Index c = a; c < g.channels; ++c) {
                T sum = 0;
                for (Index k = 0; k < 4; ++k) {
                    const T *r = right + k * g.width, *l = left ? left + k * g.width : nullptr;
                    sum += l ? l[a] * r[c] + r[a] * l[c] : r[a] * r[c];
                }
                *out++ = sum;
            }
    }
}

template <class T>
void gram_backward(const GramBackward<T>& g) {
    for (Index i = 0; i < g.atoms; ++i) {
        const T* moments = g.moments + 4 * i * g.width;
        T* out = g.moment_gradient + 4 * i * g.width;
        if (!g.accumulate) std::fill(out, out + 4 * g.width, T(0));
        const T* gradient = g.gradient + i * g.gradient_row;
        for (Index a = 0; a < g.axis; ++a)
            for (Index c = a; c < g.channels; ++c, ++gradient)
                for (Index k = 0; k < 4 * g.width; k += g.width) {
                    out[k + a] += *gradient * moments[k + c];
                    out[k + c] += *gradient * moments[k + a];
                }
    }
}

}  // namespace

template <class T>
EmbeddingKernels<T> embedding_kernels() {
    return {forward<T>, backward<T>, tangent<T>, tangent_backward<T>, gram<T>, gram_backward<T>};
}
template EmbeddingKernels<float> embedding_kernels<float>();
template EmbeddingKernels<double> embedding_kernels<double>();

}  // namespace alkali::kernels::reference
