#include "alkali/models/nequip/radial.hpp"

#include <cmath>
#include <numbers>

namespace alkali::models::nequip {
namespace {

constexpr double pi = std::numbers::pi;

struct Envelope {
    double value = 0, slope = 0;
};

/// 1 - (p+1)(p+2)/2 x^p + p(p+2) x^(p+1) - p(p+1)/2 x^(p+2) below 1, zero beyond.
Envelope envelope(double x, int p) {
    if (!(x < 1)) return {};
    const double below = std::pow(x, p - 1), power = below * x, a = (p + 1.0) * (p + 2.0) / 2, b = p * (p + 2.0), c = p * (p + 1.0) / 2;
    return {1 - power * (a - x * (b - c * x)), -below * (a * p - x * (b * (p + 1) - c * (p + 2) * x))};
}

struct Bessel {
    double value = 0, slope = 0, by_root = 0, slope_by_root = 0;  ///< slope: d/dx, by_root: d/dw
};

/// sin(w pi x) / (pi x) and derivatives, regular at x = 0.
Bessel bessel(double x, double w) {
    const double q = w * pi * x;
    if (std::abs(q) < 1e-4) return {w * (1 - q * q / 6), -w * w * w * pi * pi * x / 3, 1 - q * q / 2, -w * w * pi * pi * x};
    const double s = std::sin(q), c = std::cos(q);
    return {s / (pi * x), (w * c - s / (pi * x)) / x, c, -w * pi * s};
}

int padded_size(int n) { return kernels::padded(n); }

}  // namespace

/// Rows of every stage: stage 0 the basis, stage d the input of matrix d; padded to lane_padding.
struct RadialNetwork::Activations {
    std::vector<base::AlignedVector<double>> values, tangents, first;  ///< first: f'(pre-activation), by hidden layer
};

RadialNetwork::RadialNetwork(const Architecture& architecture, int layer, const kernels::KernelSet<double>& kernels)
    : architecture_(architecture), kernels_(kernels) {
    const auto& plan = architecture.layers[static_cast<std::size_t>(layer)];
    width_ = plan.convolution.weight_width;
    bessel_ = architecture.info(architecture.bessel).offset;
    for (const std::size_t index : architecture.layer_parameters[static_cast<std::size_t>(layer)].radial) {
        const auto& info = architecture.info(index);
        Dense dense{info.offset, static_cast<int>(info.shape[0]), static_cast<int>(info.shape[1]), 0};
        dense.scale = (dense_.empty() ? 1.0 : std::sqrt(2.0)) / std::sqrt(static_cast<double>(dense.inputs));
        dense_.push_back(dense);
    }
    for (std::size_t p = 0; p < plan.convolution.paths.size(); ++p)
        for (int u = 0; u < plan.path_count[p]; ++u) column_.push_back(plan.convolution.paths[p].weight + u);
}

void RadialNetwork::pack(std::span<const double> parameters, std::size_t layer, base::AlignedVector<double>& matrix,
                         bool transposed) const {
    const Dense& d = dense_[layer];
    const bool last = layer + 1 == dense_.size();
    const int columns = last ? width_ : padded_size(d.outputs), inputs = padded_size(d.inputs);
    matrix.assign(static_cast<std::size_t>(inputs) * static_cast<std::size_t>(columns), 0.0);
    for (int i = 0; i < d.inputs; ++i)
        for (int o = 0; o < d.outputs; ++o) {
            const int column = last ? column_[static_cast<std::size_t>(o)] : o;
            const double value = d.scale * parameters[d.offset + static_cast<std::size_t>(i * d.outputs + o)];
            matrix[static_cast<std::size_t>(transposed ? column * inputs + i : i * columns + column)] = value;
        }
}

void RadialNetwork::forward(std::span<const double> parameters, std::span<const double> x, Activations& a, bool tangent,
                            bool derivatives) const {
    const auto& h = architecture_.hyper;
    const int n = static_cast<int>(x.size()), basis = padded_size(h.num_bessels);
    const double factor = 2 * pi / (h.r_max * h.r_max);
    a.values.resize(dense_.size() + 1);
    a.tangents.resize(dense_.size() + 1);
    a.first.resize(dense_.size());
    a.values[0].assign(static_cast<std::size_t>(n) * static_cast<std::size_t>(basis), 0.0);
    if (tangent) a.tangents[0].assign(a.values[0].size(), 0.0);
    for (int k = 0; k < n; ++k) {
        const Envelope u = envelope(x[static_cast<std::size_t>(k)], h.polynomial_cutoff_p);
        for (int b = 0; b < h.num_bessels; ++b) {
            const Bessel f = bessel(x[static_cast<std::size_t>(k)], parameters[bessel_ + static_cast<std::size_t>(b)]);
            const auto slot = static_cast<std::size_t>(k * basis + b);
            a.values[0][slot] = factor * f.value * u.value;
            if (tangent) a.tangents[0][slot] = factor * (f.slope * u.value + f.value * u.slope);
        }
    }
    base::AlignedVector<double> matrix;
    for (std::size_t d = 0; d < dense_.size(); ++d) {
        const bool last = d + 1 == dense_.size();
        const int inputs = padded_size(dense_[d].inputs), columns = last ? width_ : padded_size(dense_[d].outputs);
        pack(parameters, d, matrix, false);
        kernels::MatrixProduct<double> product;
        product.rows = n;
        product.inner = dense_[d].inputs;
        product.columns = columns;
        product.a = a.values[d].data();
        product.a_row = inputs;
        product.b = matrix.data();
        product.b_inner = columns;
        product.c_row = columns;
        auto& out = a.values[d + 1];
        out.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(columns));
        product.c = out.data();
        kernels_.matrix_product(product);
        if (tangent) {
            a.tangents[d + 1].resize(out.size());
            product.a = a.tangents[d].data();
            product.c = a.tangents[d + 1].data();
            kernels_.matrix_product(product);
        }
        if (last) break;
        if (tangent || derivatives) a.first[d].resize(out.size());
        kernels_.activation({kernels::Activation::silu, static_cast<long>(out.size()), out.data(), out.data(),
                             tangent || derivatives ? a.first[d].data() : nullptr, nullptr});
        if (tangent)
            for (std::size_t i = 0; i < out.size(); ++i) a.tangents[d + 1][i] *= a.first[d][i];
    }
}

void RadialNetwork::evaluate(std::span<const double> parameters, std::span<const double> x, std::span<double> rows,
                             std::span<double> slopes) const {
    Activations a;
    forward(parameters, x, a, !slopes.empty(), false);
    std::copy(a.values.back().begin(), a.values.back().end(), rows.begin());
    if (!slopes.empty()) std::copy(a.tangents.back().begin(), a.tangents.back().end(), slopes.begin());
}

void RadialNetwork::accumulate_gradient(std::span<const double> parameters, std::span<const double> x, std::span<const double> row_gradient,
                                        std::span<double> gradient) const {
    Activations a;
    forward(parameters, x, a, false, true);
    const int n = static_cast<int>(x.size());
    base::AlignedVector<double> above(row_gradient.begin(), row_gradient.end()), below, matrix, weight;
    for (std::size_t d = dense_.size(); d-- > 0;) {
        const Dense& dense = dense_[d];
        const bool last = d + 1 == dense_.size();
        const int inputs = padded_size(dense.inputs), columns = last ? width_ : padded_size(dense.outputs);
        if (!last)
            for (std::size_t i = 0; i < above.size(); ++i) above[i] *= a.first[d][i];
        weight.assign(static_cast<std::size_t>(dense.inputs) * static_cast<std::size_t>(columns), 0.0);
        kernels_.matrix_product(
            {dense.inputs, n, columns, a.values[d].data(), 1, inputs, above.data(), columns, weight.data(), columns, false});
        for (int i = 0; i < dense.inputs; ++i)
            for (int o = 0; o < dense.outputs; ++o)
                gradient[dense.offset + static_cast<std::size_t>(i * dense.outputs + o)] +=
                    dense.scale * weight[static_cast<std::size_t>(i * columns + (last ? column_[static_cast<std::size_t>(o)] : o))];
        if (d == 0 && !architecture_.hyper.bessel_trainable) return;
        pack(parameters, d, matrix, true);
        below.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(inputs));
        kernels_.matrix_product({n, columns, inputs, above.data(), columns, 1, matrix.data(), inputs, below.data(), inputs, false});
        above.swap(below);
    }
    const auto& h = architecture_.hyper;
    const double factor = 2 * pi / (h.r_max * h.r_max);
    const int basis = padded_size(h.num_bessels);
    for (int k = 0; k < n; ++k) {
        const double u = envelope(x[static_cast<std::size_t>(k)], h.polynomial_cutoff_p).value;
        for (int b = 0; b < h.num_bessels; ++b) {
            const auto slot = bessel_ + static_cast<std::size_t>(b);
            gradient[slot] += above[static_cast<std::size_t>(k * basis + b)] * factor * u *
                              bessel(x[static_cast<std::size_t>(k)], parameters[slot]).by_root;
        }
    }
}

}  // namespace alkali::models::nequip
