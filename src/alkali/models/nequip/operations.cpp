#include "alkali/models/nequip/operations.hpp"

#include "alkali/kernels/contract/operations.hpp"
#include "alkali/models/contract/parts.hpp"

namespace alkali::models::nequip {
namespace {

// Of activations, a division or an exponential counted as one.
constexpr double silu_value = 5;  ///< z / (1 + exp(-z)), scaled
constexpr double silu_slope = 5;  ///< s + z s (1 - s), scaled, with s at hand
constexpr double tanh_value = 2, tanh_slope = 3;

double value_cost(kernels::Activation kind) { return kind == kernels::Activation::silu ? silu_value : tanh_value; }
double slope_cost(kernels::Activation kind) { return kind == kernels::Activation::silu ? silu_slope : tanh_slope; }

/// One way; the transposed map needs as many.
double linear_operations(const LinearPlan& plan) {
    double sum = 0;
    for (const LinearBlock& b : plan.blocks) sum += 2.0 * b.components * b.in_count * b.out_count;
    return sum;
}

/// True channels of the block of a row that begins at `offset`.
double true_channels(const RowLayout& row, int offset) {
    for (const Block& block : row.blocks)
        if (block.offset == offset) return block.count;
    return 0;
}

/// Both ways. Scalars: f(z), and dz = f'(z) dx. Gated: x = f(g) z; dz = f(g) dx, dg = f'(g) (dx . z).
double gate_operations(const LayerPlan& plan) {
    double sum = 0;
    for (const auto& scalar : plan.gate.scalars)
        sum += true_channels(plan.convolved, scalar.input) * (value_cost(scalar.activation) + slope_cost(scalar.activation) + 1);
    for (const auto& gated : plan.gate.gated)
        sum += true_channels(plan.convolved, gated.input) *
               (value_cost(gated.activation) + slope_cost(gated.activation) + 4.0 * gated.components + 1);
    return sum;
}

double readout_operations(const Architecture& architecture) {
    double sum = 3;  // scale and shift of the energy, scale of the gradient
    const bool nonlinear = architecture.hyper.readout_mlp_nonlinearity == "silu";
    for (std::size_t j = 0; j < architecture.readout.size(); ++j) {
        const auto& shape = architecture.info(architecture.readout[j]).shape;
        sum += 4.0 * static_cast<double>(shape[0] * shape[1]);
        if (nonlinear && j + 1 < architecture.readout.size()) sum += static_cast<double>(shape[1]) * (silu_value + silu_slope + 1);
    }
    return sum;
}

}  // namespace

std::vector<std::pair<std::string, double>> operations(const Architecture& architecture, std::int64_t atoms, std::int64_t edges) {
    double forward = 0, backward = 0, radial = 0, linear = 0, gate = 0;
    for (std::size_t k = 0; k < architecture.layers.size(); ++k) {
        const LayerPlan& plan = architecture.layers[k];
        const auto input = k == 0 ? kernels::ConvolutionInput::constant : kernels::ConvolutionInput::features;
        const auto convolution = kernels::convolution_operations(plan.convolution, plan.path_count, input);
        forward += convolution.forward;
        backward += convolution.backward;
        radial += convolution.radial_value + convolution.radial_slope;
        linear += 2 * linear_operations(plan.linear_2);
        if (k > 0) linear += 2 * (linear_operations(plan.linear_1) + linear_operations(plan.self));
        gate += gate_operations(plan);
    }
    const auto n = static_cast<double>(atoms), e = static_cast<double>(edges);
    return {{part::radial, e * radial},
            {part::tensor_product_forward, e * forward},
            {part::tensor_product_backward, e * backward},
            {part::linear, n * linear},
            {part::gate, n * gate},
            {part::readout, n * readout_operations(architecture)}};
}

}  // namespace alkali::models::nequip
