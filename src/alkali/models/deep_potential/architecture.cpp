#include "alkali/models/deep_potential/architecture.hpp"

#include <algorithm>
#include <numeric>

#include "alkali/kernels/contract/embedding.hpp"

namespace alkali::models::deep_potential {
namespace {

/// Appends parameters to an architecture.
class Builder {
public:
    explicit Builder(Architecture& architecture) : a_(architecture) {}

    std::size_t add(const std::string& name, std::vector<std::size_t> shape, bool trainable, bool decays) {
        std::size_t size = 1;
        for (const std::size_t n : shape) size *= n;
        a_.parameters.push_back({name, std::move(shape), a_.parameter_count, size, trainable, decays});
        a_.parameter_count += size;
        return a_.parameters.size() - 1;
    }

    DenseLayer layer(const std::string& name, int inputs, int outputs, bool time_step, bool trainable) {
        DenseLayer layer;
        layer.inputs = inputs;
        layer.outputs = outputs;
        if (outputs == inputs) layer.skip = DenseLayer::Skip::same;
        if (outputs == 2 * inputs) layer.skip = DenseLayer::Skip::doubled;
        const auto in = static_cast<std::size_t>(inputs), out = static_cast<std::size_t>(outputs);
        layer.w = add(name + ".w", {in, out}, trainable, true);
        layer.b = add(name + ".b", {out}, trainable, false);
        if (time_step && layer.skip != DenseLayer::Skip::none) layer.idt = add(name + ".idt", {out}, trainable, false);
        return layer;
    }

    NetworkPlan network(const std::string& name, int inputs, const std::vector<int>& widths, bool time_step, kernels::Activation activation,
                        bool trainable) {
        NetworkPlan plan;
        plan.inputs = inputs;
        plan.activation = activation;
        for (std::size_t k = 0; k < widths.size(); ++k)
            plan.layers.push_back(
                layer(name + ".layer_" + std::to_string(k), k == 0 ? inputs : widths[k - 1], widths[k], time_step, trainable));
        return plan;
    }

private:
    Architecture& a_;
};

/// One entry of embedding_of for every pair; networks are made where they are first needed.
void add_embeddings(Architecture& a, Builder& builder) {
    const auto& d = a.hyper.descriptor;
    const int types = a.hyper.types();
    a.embedding_of.assign(static_cast<std::size_t>(types * types), -1);
    const auto make = [&](const std::string& name) {
        a.embeddings.push_back(
            builder.network("descriptor.embedding." + name, 1, d.neuron, d.resnet_dt, d.activation_function, d.trainable));
        return static_cast<int>(a.embeddings.size()) - 1;
    };
    const auto of = [&](int i, int j) -> int& { return a.embedding_of[static_cast<std::size_t>(i * types + j)]; };
    if (d.type == DescriptorKind::se_e3) {
        for (int i = 0; i < types; ++i)
            for (int j = i; j < types; ++j) of(i, j) = of(j, i) = make(std::to_string(i) + "_" + std::to_string(j));
    } else if (d.type == DescriptorKind::se_e2_r ? !d.radial_pairs : d.type_one_side) {
        for (int j = 0; j < types; ++j) {
            const int shared = make(std::to_string(j));
            for (int i = 0; i < types; ++i) of(i, j) = shared;
        }
    } else {
        for (int i = 0; i < types; ++i)
            for (int j = 0; j < types; ++j) of(i, j) = make(std::to_string(i) + "_" + std::to_string(j));
    }
}

/// se_e2_a: component c * axis + a of the descriptor is sum_k M[k][c] M[k][a]; the kernels keep a <= c, row by row in a.
Places places_of_components(const DescriptorHyperparameters& descriptor) {
    const int channels = descriptor.neuron.back(), axis = descriptor.axis_neuron;
    std::vector<int> places;
    if (descriptor.type != DescriptorKind::se_e2_a) {
        for (int c = 0; c < channels; ++c) places.push_back(c);
        return {places, channels};
    }
    const auto row = [&](int r) { return r * channels - r * (r - 1) / 2 - r; };  // where column 0 of row r would be
    for (int c = 0; c < channels; ++c)
        for (int k = 0; k < axis; ++k) places.push_back(row(std::min(k, c)) + std::max(k, c));
    return {places, kernels::gram_size(channels, axis)};
}

}  // namespace

Places::Places(std::vector<int> places, int count) : of(std::move(places)), first(static_cast<std::size_t>(count) + 1, 0) {
    for (const int p : of) ++first[static_cast<std::size_t>(p) + 1];
    std::partial_sum(first.begin(), first.end(), first.begin());
    inputs.resize(of.size());
    std::vector<int> next(first.begin(), first.end() - 1);
    for (std::size_t i = 0; i < of.size(); ++i)
        inputs[static_cast<std::size_t>(next[static_cast<std::size_t>(of[i])]++)] = static_cast<int>(i);
}

Architecture::Architecture(Hyperparameters hyperparameters)
    : hyper(std::move(hyperparameters)), places(places_of_components(hyper.descriptor)) {
    Builder builder(*this);
    add_embeddings(*this, builder);
    const auto& f = hyper.fitting_net;
    const auto types = static_cast<std::size_t>(hyper.types());
    for (std::size_t t = 0; t < types; ++t) {
        const std::string name = "fitting." + std::to_string(t);
        fitting.push_back(
            builder.network(name, static_cast<int>(places.of.size()), f.neuron, f.resnet_dt, f.activation_function, f.trainable));
        const auto last = name + ".layer_" + std::to_string(f.neuron.size());
        Readout out;
        out.w = builder.add(last + ".w", {static_cast<std::size_t>(fitting.back().outputs()), 1}, f.trainable, true);
        out.b = builder.add(last + ".b", {1}, f.trainable, false);
        readout.push_back(out);
    }
    bias = builder.add("bias_atom_e", {types}, false, false);
    davg = builder.add("davg", {types, types, 4}, false, false);
    dstd = builder.add("dstd", {types, types, 4}, false, false);
}

}  // namespace alkali::models::deep_potential
