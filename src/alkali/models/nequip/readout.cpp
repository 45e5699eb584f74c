#include "alkali/models/nequip/readout.hpp"

#include <cmath>

namespace alkali::models::nequip {
namespace {

struct Curve {
    double value, first, second;
};

Curve silu(double z) {
    const double s = 1 / (1 + std::exp(-z)), d = s * (1 - s);
    return {z * s, s + z * d, 2 * d + z * d * (1 - 2 * s)};
}

/// y_o = sum_i x_i W_io.
void multiply(std::span<const double> x, const std::vector<double>& w, std::span<double> y) {
    for (double& v : y) v = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t o = 0; o < y.size(); ++o) y[o] += x[i] * w[i * y.size() + o];
}

/// x_i = sum_o W_io y_o.
void multiply_transposed(std::span<const double> y, const std::vector<double>& w, std::span<double> x) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        double sum = 0;
        for (std::size_t o = 0; o < y.size(); ++o) sum += w[i * y.size() + o] * y[o];
        x[i] = sum;
    }
}

using Rows = std::vector<std::vector<double>>;

}  // namespace

Readout::Readout(const Architecture& architecture, const std::vector<std::vector<double>>& matrices)
    : matrices_(matrices), nonlinear_(architecture.hyper.readout_mlp_nonlinearity == "silu") {
    for (const std::size_t index : architecture.readout) dims_.push_back(static_cast<int>(architecture.info(index).shape[0]));
    dims_.push_back(1);
}

std::size_t Readout::weights() const {
    std::size_t total = 0;
    for (const auto& matrix : matrices_) total += matrix.size();
    return total;
}

double Readout::evaluate(std::span<const double> scalars, std::span<double> gradient) const {
    if (matrices_.size() == 1) {
        double energy = 0;
        for (std::size_t u = 0; u < scalars.size(); ++u) energy += scalars[u] * matrices_[0][u];
        for (std::size_t u = 0; u < gradient.size(); ++u) gradient[u] = matrices_[0][u];
        return energy;
    }
    std::vector<double> none(scalars.size(), 0.0), adjoint(scalars.size()), ignored(weights());
    const auto values = accumulate(scalars, none, 1.0, 0.0, adjoint, ignored);
    for (std::size_t u = 0; u < gradient.size(); ++u) gradient[u] = adjoint[u];
    return values.energy;
}

Readout::Values Readout::accumulate(std::span<const double> scalars, std::span<const double> scalars_tangent, double seed,
                                    double tangent_seed, std::span<double> adjoint, std::span<double> weight_gradient) const {
    const std::size_t count = matrices_.size();
    Rows h(count + 1), t(count + 1), z(count + 1), z_tangent(count + 1);
    h[0].assign(scalars.begin(), scalars.end());
    t[0].assign(scalars_tangent.begin(), scalars_tangent.end());
    for (std::size_t k = 0; k < count; ++k) {
        const auto outputs = static_cast<std::size_t>(dims_[k + 1]);
        z[k + 1].resize(outputs);
        z_tangent[k + 1].resize(outputs);
        multiply(h[k], matrices_[k], z[k + 1]);
        multiply(t[k], matrices_[k], z_tangent[k + 1]);
        h[k + 1] = z[k + 1];
        t[k + 1] = z_tangent[k + 1];
        if (k + 1 == count || !nonlinear_) continue;
        for (std::size_t o = 0; o < outputs; ++o) {
            const Curve f = silu(z[k + 1][o]);
            h[k + 1][o] = f.value;
            t[k + 1][o] = f.first * z_tangent[k + 1][o];
        }
    }
    std::vector<double> a{seed}, b{tangent_seed};  // adjoints of z and of its tangent
    std::size_t end = weights();
    for (std::size_t k = count; k-- > 0;) {
        const std::size_t inputs = h[k].size(), outputs = a.size();
        end -= matrices_[k].size();
        for (std::size_t i = 0; i < inputs; ++i)
            for (std::size_t o = 0; o < outputs; ++o) weight_gradient[end + i * outputs + o] += h[k][i] * a[o] + t[k][i] * b[o];
        std::vector<double> below(inputs), below_tangent(inputs);
        multiply_transposed(a, matrices_[k], below);
        multiply_transposed(b, matrices_[k], below_tangent);
        if (k > 0 && nonlinear_)
            for (std::size_t i = 0; i < inputs; ++i) {
                const Curve f = silu(z[k][i]);
                below[i] = f.first * below[i] + f.second * z_tangent[k][i] * below_tangent[i];
                below_tangent[i] *= f.first;
            }
        a = std::move(below);
        b = std::move(below_tangent);
    }
    for (std::size_t u = 0; u < adjoint.size(); ++u) adjoint[u] = a[u];
    return {z[count][0], z_tangent[count][0]};
}

}  // namespace alkali::models::nequip
