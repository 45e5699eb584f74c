#include "alkali/models/deep_potential/operations.hpp"

#include "alkali/kernels/contract/embedding.hpp"
#include "alkali/models/contract/parts.hpp"

namespace alkali::models::deep_potential {
namespace {

/// Both ways, of one atom: matrices, biases, and an activation with its slope as five operations.
double network_operations(const NetworkPlan& plan, int inputs) {
    double sum = 0;
    for (const DenseLayer& layer : plan.layers) {
        sum += 4.0 * inputs * layer.outputs + 8.0 * layer.outputs;
        inputs = layer.outputs;
    }
    return sum + 3.0 * inputs;
}

}  // namespace

void count_operations(const Architecture& architecture, const Graph& graph, base::Profile& profile) {
    const auto& d = architecture.hyper.descriptor;
    const double channels = architecture.channels();
    double forward = 0, backward = 0, fitting = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(graph.num_local); ++i) {
        const auto neighbours = static_cast<double>(graph.first[i + 1] - graph.first[i]);
        fitting += network_operations(architecture.fitting[static_cast<std::size_t>(graph.types[i])], architecture.places.count());
        if (d.type == DescriptorKind::se_e3) {
            // Inner product, cubic and product by e; the slope, and the gradients of both neighbours.
            const double pairs = neighbours * (neighbours + 1) / 2;
            forward += pairs * (5 + 8 * channels);
            backward += pairs * (8 * channels + 12);
        } else {
            const double components = d.type == DescriptorKind::se_e2_a ? 4 : 1;
            const double gram = d.type == DescriptorKind::se_e2_a ? 8.0 * kernels::gram_size(architecture.channels(), d.axis_neuron) : 0;
            forward += neighbours * channels * (6 + 2 * components) + gram;
            backward += neighbours * channels * (4 + 4 * components + 2) + 2 * gram;
        }
    }
    profile.add_operations(part::descriptor_forward, forward);
    profile.add_operations(part::fitting, fitting);
    profile.add_operations(part::descriptor_backward, backward);
}

}  // namespace alkali::models::deep_potential
