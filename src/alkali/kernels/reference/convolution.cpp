#include <algorithm>
#include <cstddef>

#include "alkali/kernels/reference/kernels.hpp"
#include "alkali/kernels/reference/radial.hpp"
#include "alkali/math/spherical_harmonics.hpp"

// Plain loops over edges, paths, coupling terms and channels, as the formulas in contract/convolution.hpp read.
namespace alkali::kernels::reference {
namespace {

/// What the formulas need of one edge.
struct Edge {
    double x = 0;             ///< length over cutoff
    Vec3 x_gradient;          ///< dx/dr
    std::vector<double> y;    ///< harmonics
    std::vector<Vec3> slope;  ///< dY/dr
};

Edge edge_at(const ConvolutionPlan& plan, const EdgeView& edges, std::int64_t e) {
    const math::SphericalHarmonics harmonics(plan.l_max);
    const auto size = static_cast<std::size_t>(harmonics.size());
    Edge edge{0, Vec3::Zero(), std::vector<double>(size), std::vector<Vec3>(size)};
    const Vec3 r = edges.at(e);
    const double length = r.norm(), cutoff = edges.cutoff_of(e);
    edge.x = length / cutoff;
    edge.x_gradient = r / (length * cutoff);
    harmonics.evaluate(r / length, length, edge.y, edge.slope);
    return edge;
}

/// dY/ds for the tangent v of the edge vector.
std::vector<double> harmonics_tangent(const Edge& edge, const Vec3& v) {
    std::vector<double> dy;
    for (const Vec3& slope : edge.slope) dy.push_back(slope.dot(v));
    return dy;
}

/// Weights w and slopes dw/dx of one edge.
template <class T>
void weights(const RadialView<T>& radial, double x, std::int64_t e, int width, std::vector<T>& w, std::vector<T>& slope) {
    std::fill(w.begin(), w.end(), T(0));
    std::fill(slope.begin(), slope.end(), T(0));
    if (radial.rows) {
        for (int k = 0; k < width; ++k) {
            w[k] = radial.rows[e * width + k];
            if (radial.slopes) slope[k] = radial.slopes[e * width + k];
        }
        return;
    }
    const SplineTaps taps = spline_taps(x, radial.intervals);
    if (!taps.inside) return;
    for (int m = 0; m < 4; ++m) {
        const T* row = radial.coefficients + static_cast<std::ptrdiff_t>(taps.interval + m) * width;
        for (int k = 0; k < width; ++k) {
            w[k] += T(taps.value[m]) * row[k];
            slope[k] += T(taps.slope[m]) * row[k];
        }
    }
}

template <class T>
void forward(const ConvolveForward<T>& a, int begin, int end) {
    const ConvolutionPlan& plan = *a.plan;
    std::vector<T> w(plan.weight_width), slope(plan.weight_width);
    for (int i = begin; i < end; ++i) {
        T* out = a.output + static_cast<std::ptrdiff_t>(i - a.output_begin) * plan.output_width;
        std::fill(out, out + plan.output_width, T(0));
        for (std::int64_t e = a.first[i]; e < a.first[i + 1]; ++e) {
            const Edge edge = edge_at(plan, a.edges, e);
            weights(a.radial, edge.x, e, plan.weight_width, w, slope);
            const T* in = a.input + static_cast<std::ptrdiff_t>(a.neighbour[e]) * plan.input_width;
            for (std::size_t p = 0; p < plan.paths.size(); ++p) {
                const Path& path = plan.paths[p];
                for (const PathTerm& t : plan.terms[p]) {
                    const T c = T(t.value * edge.y[path.l2 * path.l2 + t.m2]);
                    for (int u = 0; u < path.channels; ++u)
                        out[path.output + t.m3 * path.channels + u] += c * w[path.weight + u] * in[path.input + t.m1 * path.channels + u];
                }
            }
        }
    }
}

template <class T>
void backward(const ConvolveBackward<T>& a, int begin, int end) {
    const ConvolutionPlan& plan = *a.plan;
    std::vector<T> w(plan.weight_width), slope(plan.weight_width);
    for (int j = begin; j < end; ++j) {
        const T* in = a.input + static_cast<std::ptrdiff_t>(j) * plan.input_width;
        std::vector<T> in_gradient(plan.input_width, T(0));
        for (std::int64_t s = a.incoming_first[j]; s < a.incoming_first[j + 1]; ++s) {
            const std::int64_t e = a.incoming_edge[s];
            const Edge edge = edge_at(plan, a.edges, e);
            weights(a.radial, edge.x, e, plan.weight_width, w, slope);
            const T* out_gradient = a.output_gradient + a.output_offset(s);
            for (std::size_t p = 0; p < plan.paths.size(); ++p) {
                const Path& path = plan.paths[p];
                for (const PathTerm& t : plan.terms[p]) {
                    const int l2 = path.l2 * path.l2 + t.m2;
                    for (int u = 0; u < path.channels; ++u) {
                        const T g = T(t.value) * out_gradient[path.output + t.m3 * path.channels + u];
                        const T x = in[path.input + t.m1 * path.channels + u];
                        const T y = T(edge.y[l2]);
                        in_gradient[path.input + t.m1 * path.channels + u] += g * y * w[path.weight + u];
                        a.edge_gradient[e] += static_cast<double>(g * x * y * slope[path.weight + u]) * edge.x_gradient;
                        a.edge_gradient[e] += static_cast<double>(g * x * w[path.weight + u]) * edge.slope[l2];
                    }
                }
            }
        }
        if (a.input_gradient)
            std::copy(in_gradient.begin(), in_gradient.end(), a.input_gradient + static_cast<std::ptrdiff_t>(j) * plan.input_width);
    }
}

template <class T>
void tangent(const ConvolveTangent<T>& a, int begin, int end) {
    const auto& f = a.primal;
    const ConvolutionPlan& plan = *f.plan;
    std::vector<T> w(plan.weight_width), slope(plan.weight_width);
    for (int i = begin; i < end; ++i) {
        T* out = a.output_tangent + static_cast<std::ptrdiff_t>(i - f.output_begin) * plan.output_width;
        std::fill(out, out + plan.output_width, T(0));
        for (std::int64_t e = f.first[i]; e < f.first[i + 1]; ++e) {
            const Edge edge = edge_at(plan, f.edges, e);
            weights(f.radial, edge.x, e, plan.weight_width, w, slope);
            const auto row = static_cast<std::ptrdiff_t>(f.neighbour[e]) * plan.input_width;
            const auto edge_dy = harmonics_tangent(edge, a.edge_tangent[e]);
            const T dx = T(edge.x_gradient.dot(a.edge_tangent[e]));
            for (std::size_t p = 0; p < plan.paths.size(); ++p) {
                const Path& path = plan.paths[p];
                for (const PathTerm& t : plan.terms[p]) {
                    const int l2 = path.l2 * path.l2 + t.m2;
                    const T y = T(edge.y[l2]), dy = T(edge_dy[l2]);
                    for (int u = 0; u < path.channels; ++u) {
                        const int k = path.input + t.m1 * path.channels + u;
                        const T wk = w[path.weight + u], dw = slope[path.weight + u] * dx;
                        const T x = f.input[row + k], x_tangent = a.input_tangent ? a.input_tangent[row + k] : T(0);
                        out[path.output + t.m3 * path.channels + u] += T(t.value) * (dw * x * y + wk * x_tangent * y + wk * x * dy);
                    }
                }
            }
        }
    }
}

template <class T>
void tangent_backward(const ConvolveTangentBackward<T>& a, int begin, int end) {
    const auto& b = a.primal;
    const ConvolutionPlan& plan = *b.plan;
    const int width = plan.weight_width;
    std::vector<T> w(width), slope(width), w_adjoint(width), slope_adjoint(width);
    for (int j = begin; j < end; ++j) {
        const auto row = static_cast<std::ptrdiff_t>(j) * plan.input_width;
        std::vector<T> in_adjoint(plan.input_width, T(0));
        for (std::int64_t s = b.incoming_first[j]; s < b.incoming_first[j + 1]; ++s) {
            const std::int64_t e = b.incoming_edge[s];
            const Edge edge = edge_at(plan, b.edges, e);
            weights(b.radial, edge.x, e, width, w, slope);
            std::fill(w_adjoint.begin(), w_adjoint.end(), T(0));
            std::fill(slope_adjoint.begin(), slope_adjoint.end(), T(0));
            const T* out_gradient = b.output_gradient + b.output_offset(s);
            const T* out_adjoint = a.output_adjoint + b.output_offset(s);
            const auto edge_dy = harmonics_tangent(edge, a.edge_tangent[e]);
            const T dx = T(edge.x_gradient.dot(a.edge_tangent[e]));
            for (std::size_t p = 0; p < plan.paths.size(); ++p) {
                const Path& path = plan.paths[p];
                for (const PathTerm& t : plan.terms[p]) {
                    const int l2 = path.l2 * path.l2 + t.m2;
                    const T y = T(edge.y[l2]), dy = T(edge_dy[l2]);
                    for (int u = 0; u < path.channels; ++u) {
                        const int k = path.input + t.m1 * path.channels + u;
                        const T x = b.input[row + k], x_tangent = a.input_tangent ? a.input_tangent[row + k] : T(0);
                        const T g = T(t.value) * out_gradient[path.output + t.m3 * path.channels + u];
                        const T o = T(t.value) * out_adjoint[path.output + t.m3 * path.channels + u];
                        const T wk = w[path.weight + u], sk = slope[path.weight + u];
                        in_adjoint[k] += o * wk * y + g * (sk * dx * y + wk * dy);
                        w_adjoint[path.weight + u] += o * x * y + g * (x_tangent * y + x * dy);
                        slope_adjoint[path.weight + u] += g * x * y * dx;
                    }
                }
            }
            if (a.coefficient_gradient) {
                const SplineTaps taps = spline_taps(edge.x, b.radial.intervals);
                if (taps.inside)
                    for (int m = 0; m < 4; ++m)
                        for (int k = 0; k < width; ++k)
                            a.coefficient_gradient[static_cast<std::ptrdiff_t>(taps.interval + m) * width + k] +=
                                T(taps.value[m]) * w_adjoint[k] + T(taps.slope[m]) * slope_adjoint[k];
            }
            for (int k = 0; k < width; ++k) {
                if (a.row_gradient) a.row_gradient[e * width + k] = w_adjoint[k];
                if (a.slope_gradient) a.slope_gradient[e * width + k] = slope_adjoint[k];
            }
        }
        if (b.input_gradient) std::copy(in_adjoint.begin(), in_adjoint.end(), b.input_gradient + row);
    }
}

}  // namespace

template <class T>
ConvolutionKernels<T> convolution_kernels() {
    return {forward<T>, backward<T>, tangent<T>, tangent_backward<T>};
}
template ConvolutionKernels<float> convolution_kernels<float>();
template ConvolutionKernels<double> convolution_kernels<double>();

}  // namespace alkali::kernels::reference
