#include "alkali/models/nequip/gradient.hpp"

#include <algorithm>

namespace alkali::models::nequip {
namespace {

/// Shares are fixed by the graph alone, so that sums come in the same order for any number of threads.
constexpr std::int64_t edges_per_share = 2048;
constexpr std::int64_t most_shares = 8;

template <class Rows>
void reset(Rows& rows, std::size_t size) {
    rows.assign(size, typename Rows::value_type(0));
}

template <class Rows>
void add(Rows& sum, const Rows& term) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
}

}  // namespace

template <class T>
GradientPass<T>::GradientPass(const PassSetup<T>& setup) : Pass<T>(setup), tangents_(setup.architecture->layers.size()) {}

template <class T>
void GradientPass<T>::evaluate(const Graph& graph, const Evaluation& out) {
    NoExchange exchange;
    graph_ = graph;
    Pass<T>::evaluate(graph, exchange, out);
}

template <class T>
void GradientPass<T>::set_up_shares() {
    const auto& architecture = *this->setup_.architecture;
    const std::int64_t wanted = std::clamp(graph_.num_edges() / edges_per_share, std::int64_t{1}, most_shares);
    const auto types = static_cast<std::size_t>(architecture.hyper.types());
    shares_.resize(static_cast<std::size_t>(wanted));
    const auto count = static_cast<int>(shares_.size());
#pragma omp parallel for schedule(static)
    for (int s = 0; s < count; ++s) {
        Share& share = shares_[static_cast<std::size_t>(s)];
        share.begin = static_cast<int>(static_cast<std::int64_t>(graph_.num_local) * s / count);
        share.end = static_cast<int>(static_cast<std::int64_t>(graph_.num_local) * (s + 1) / count);
        share.layers.resize(architecture.layers.size());
        for (std::size_t k = 0; k < architecture.layers.size(); ++k) {
            const LayerPlan& plan = architecture.layers[k];
            LayerShare& layer = share.layers[k];
            reset(layer.linear_1, plan.linear_1.packed_size);
            reset(layer.linear_2, plan.linear_2.packed_size);
            reset(layer.coefficients, this->setup_.weights->layers[k].coefficients.size());
            layer.self.resize(plan.self_connection ? types : 0);
            for (auto& self : layer.self) reset(self, plan.self.packed_size);
        }
        reset(share.embedding, types * static_cast<std::size_t>(architecture.layers[0].input.width));
        reset(share.readout, this->readout_->weights());
        reset(share.scales, types);
        reset(share.shifts, types);
    }
}

template <class T>
void GradientPass<T>::tangent_layer(int k, std::span<const Vec3> direction) {
    const auto& setup = this->setup_;
    const LayerPlan& plan = setup.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup.kernels;
    const LayerState<T>& state = this->layers_[static_cast<std::size_t>(k)];
    TangentState& tangent = tangents_[static_cast<std::size_t>(k)];
    const int in = plan.input.width, out = plan.convolved.width, left = plan.output.width, middle = plan.convolution.output_width;
    const int scalars = scalar_width(plan), local = graph_.num_local;
    const auto atoms = static_cast<std::size_t>(local);
    if (k > 0) {
        tangent.x = std::move(feature_tangent_);
        tangent.y.resize(atoms * static_cast<std::size_t>(in));
#pragma omp parallel for schedule(dynamic)
        for (int begin = 0; begin < local; begin += this->chunk) {
            const int end = std::min(begin + this->chunk, local);
            const auto offset = static_cast<std::ptrdiff_t>(begin) * in;
            apply(plan.linear_1, weights.linear_1, kernels, tangent.x.data() + offset, tangent.y.data() + offset, end - begin, false);
            this->scale_rows(graph_, tangent.y.data(), in, begin, end);
        }
    }
    tangent.mid.resize(atoms * static_cast<std::size_t>(middle));
    tangent.z.resize(atoms * static_cast<std::size_t>(out));
    feature_tangent_.resize(atoms * static_cast<std::size_t>(left));
    kernels::ConvolveTangent<T> convolve;
    convolve.primal.plan = &plan.convolution;
    convolve.primal.edges = this->edge_view(graph_);
    convolve.primal.radial = this->radial_view(k, graph_, true);
    convolve.primal.first = graph_.first.data();
    convolve.primal.neighbour = graph_.neighbour.data();
    convolve.primal.input = state.y.data();
    convolve.edge_tangent = direction.data();
    convolve.input_tangent = k > 0 ? tangent.y.data() : nullptr;
    convolve.output_tangent = tangent.mid.data();
#pragma omp parallel for schedule(dynamic)
    for (int begin = 0; begin < local; begin += this->chunk) {
        const int end = std::min(begin + this->chunk, local);
        kernels.convolution.tangent(convolve, begin, end);
        const auto offset = static_cast<std::ptrdiff_t>(begin);
        apply(plan.linear_2, weights.linear_2, kernels, tangent.mid.data() + offset * middle, tangent.z.data() + offset * out, end - begin,
              false);
        if (k > 0)
            this->for_runs(graph_, begin, end, [&](std::size_t type, int start, int count) {
                apply(plan.self, weights.self[type], kernels, tangent.x.data() + static_cast<std::ptrdiff_t>(start) * in,
                      tangent.z.data() + static_cast<std::ptrdiff_t>(start) * out, count, true);
            });
        for (std::ptrdiff_t i = begin; i < end; ++i) {
            // gate_tangent only reads the activations.
            auto& kept = this->layers_[static_cast<std::size_t>(k)];
            const ActivatedRow<T> row{kept.value.data() + i * scalars, kept.first.data() + i * scalars, nullptr};
            gate_tangent(plan.gate, row, state.z.data() + i * out, tangent.z.data() + i * out, feature_tangent_.data() + i * left);
        }
    }
}

template <class T>
void GradientPass<T>::reverse_readout(std::span<const double> seeds) {
    const auto& setup = this->setup_;
    const int width = setup.architecture->layers.back().output.width;
    const auto inputs = static_cast<std::size_t>(this->readout_->inputs());
    feature_adjoint_.assign(static_cast<std::size_t>(graph_.num_local) * static_cast<std::size_t>(width), T(0));
    const auto count = static_cast<int>(shares_.size());
#pragma omp parallel for schedule(dynamic)
    for (int s = 0; s < count; ++s) {
        Share& share = shares_[static_cast<std::size_t>(s)];
        std::vector<double> scalars(inputs), tangents(inputs), adjoint(inputs);
        for (int i = share.begin; i < share.end; ++i) {
            const auto type = static_cast<std::size_t>(graph_.types[static_cast<std::size_t>(i)]);
            const auto offset = static_cast<std::ptrdiff_t>(i) * width;
            for (std::size_t u = 0; u < inputs; ++u) {
                scalars[u] = static_cast<double>(this->features_[static_cast<std::size_t>(offset) + u]);
                tangents[u] = static_cast<double>(feature_tangent_[static_cast<std::size_t>(offset) + u]);
            }
            const double scale = setup.weights->scales[type], seed = seeds[static_cast<std::size_t>(i)];
            const auto values = this->readout_->accumulate(scalars, tangents, seed * scale, scale, adjoint, share.readout);
            share.scales[type] += seed * values.energy + values.tangent;
            share.shifts[type] += seed;
            for (std::size_t u = 0; u < inputs; ++u) feature_adjoint_[static_cast<std::size_t>(offset) + u] = static_cast<T>(adjoint[u]);
        }
    }
}

/// From the adjoint of the features that leave a layer to those of mid and (through the self-connection) of the features
/// that enter; gradients of linear_2 and of the self-connection on the way.
template <class T>
void GradientPass<T>::reverse_local(int k, Share& share, Rows& mid_adjoint, Rows& below) {
    const auto& setup = this->setup_;
    const LayerPlan& plan = setup.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup.kernels;
    LayerState<T>& state = this->layers_[static_cast<std::size_t>(k)];
    const TangentState& tangent = tangents_[static_cast<std::size_t>(k)];
    LayerShare& gradient = share.layers[static_cast<std::size_t>(k)];
    const int in = plan.input.width, out = plan.convolved.width, left = plan.output.width, middle = plan.convolution.output_width;
    const int scalars = scalar_width(plan);
    Rows z_adjoint(static_cast<std::size_t>(this->chunk * out));
    for (int begin = share.begin; begin < share.end; begin += this->chunk) {
        const int end = std::min(begin + this->chunk, share.end), rows = end - begin;
        for (std::ptrdiff_t i = begin; i < end; ++i) {
            const ActivatedRow<T> row{state.value.data() + i * scalars, state.first.data() + i * scalars,
                                      state.second.data() + i * scalars};
            gate_tangent_backward(plan.gate, row, state.z.data() + i * out, tangent.z.data() + i * out, feature_adjoint_.data() + i * left,
                                  state.x_gradient.data() + i * left, z_adjoint.data() + (i - begin) * out);
        }
        const auto offset = static_cast<std::ptrdiff_t>(begin);
        const T* z_gradient = state.z_gradient.data() + offset * out;
        weight_gradient(plan.linear_2, kernels, state.mid.data() + offset * middle, z_adjoint.data(), rows, gradient.linear_2.data());
        weight_gradient(plan.linear_2, kernels, tangent.mid.data() + offset * middle, z_gradient, rows, gradient.linear_2.data());
        apply_transposed(plan.linear_2, weights.linear_2, kernels, z_adjoint.data(), mid_adjoint.data() + offset * middle, rows, false);
        if (k == 0) continue;
        this->for_runs(graph_, begin, end, [&](std::size_t type, int start, int count) {
            const auto first = static_cast<std::ptrdiff_t>(start);
            const T* adjoint = z_adjoint.data() + (first - begin) * out;
            weight_gradient(plan.self, kernels, state.x.data() + first * in, adjoint, count, gradient.self[type].data());
            weight_gradient(plan.self, kernels, tangent.x.data() + first * in, state.z_gradient.data() + first * out, count,
                            gradient.self[type].data());
            apply_transposed(plan.self, weights.self[type], kernels, adjoint, below.data() + first * in, count, false);
        });
    }
}

template <class T>
void GradientPass<T>::reverse_convolution(int k, Share& share, std::span<const Vec3> direction, const Rows& mid_adjoint, Rows& y_adjoint) {
    const LayerPlan& plan = this->setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerState<T>& state = this->layers_[static_cast<std::size_t>(k)];
    kernels::ConvolveTangentBackward<T> convolve;
    auto& primal = convolve.primal;
    primal.plan = &plan.convolution;
    primal.edges = this->edge_view(graph_);
    primal.radial.coefficients = this->setup_.weights->layers[static_cast<std::size_t>(k)].coefficients.data();
    primal.radial.intervals = this->setup_.weights->intervals;
    const IncomingEdges& incoming = graph_.by_neighbour();
    primal.incoming_first = incoming.first.data();
    primal.incoming_edge = incoming.edge.data();
    primal.incoming_centre = incoming.centre.data();
    primal.input = state.y.data();
    primal.output_gradient = state.mid_gradient.data();
    primal.input_gradient = y_adjoint.data();
    convolve.edge_tangent = direction.data();
    convolve.input_tangent = k > 0 ? tangents_[static_cast<std::size_t>(k)].y.data() : nullptr;
    convolve.output_adjoint = mid_adjoint.data();
    convolve.coefficient_gradient = share.layers[static_cast<std::size_t>(k)].coefficients.data();
    this->setup_.kernels->convolution.tangent_backward(convolve, share.begin, share.end);
}

template <class T>
void GradientPass<T>::reverse_layer(int k, std::span<const Vec3> direction) {
    const auto& setup = this->setup_;
    const LayerPlan& plan = setup.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup.kernels;
    const LayerState<T>& state = this->layers_[static_cast<std::size_t>(k)];
    const TangentState& tangent = tangents_[static_cast<std::size_t>(k)];
    const int in = plan.input.width;
    const auto atoms = static_cast<std::size_t>(graph_.num_local);
    const auto count = static_cast<int>(shares_.size());
    Rows mid_adjoint(atoms * static_cast<std::size_t>(plan.convolution.output_width)), y_adjoint(atoms * static_cast<std::size_t>(in));
    Rows below(atoms * static_cast<std::size_t>(in));
#pragma omp parallel for schedule(dynamic)
    for (int s = 0; s < count; ++s) reverse_local(k, shares_[static_cast<std::size_t>(s)], mid_adjoint, below);
#pragma omp parallel for schedule(dynamic)
    for (int s = 0; s < count; ++s) {
        Share& share = shares_[static_cast<std::size_t>(s)];
        LayerShare& gradient = share.layers[static_cast<std::size_t>(k)];
        reverse_convolution(k, share, direction, mid_adjoint, y_adjoint);
        this->scale_rows(graph_, y_adjoint.data(), in, share.begin, share.end);
        const auto offset = static_cast<std::ptrdiff_t>(share.begin) * in;
        const int rows = share.end - share.begin;
        weight_gradient(plan.linear_1, kernels, state.x.data() + offset, y_adjoint.data() + offset, rows, gradient.linear_1.data());
        if (k > 0)
            weight_gradient(plan.linear_1, kernels, tangent.x.data() + offset, state.y_gradient.data() + offset, rows,
                            gradient.linear_1.data());
        apply_transposed(plan.linear_1, weights.linear_1, kernels, y_adjoint.data() + offset, below.data() + offset, rows, k > 0);
        if (k == 0)
            for (std::ptrdiff_t i = share.begin; i < share.end; ++i) {
                double* row = share.embedding.data() + static_cast<std::ptrdiff_t>(graph_.types[static_cast<std::size_t>(i)]) * in;
                for (int u = 0; u < in; ++u) row[u] += static_cast<double>(below[static_cast<std::size_t>(i * in + u)]);
            }
    }
    feature_adjoint_ = std::move(below);
}

template <class T>
void GradientPass<T>::collect_layer(int k, std::span<double> gradient) {
    const auto& setup = this->setup_;
    const Architecture& architecture = *setup.architecture;
    const LayerPlan& plan = architecture.layers[static_cast<std::size_t>(k)];
    const LayerParameters& where = architecture.layer_parameters[static_cast<std::size_t>(k)];
    const auto part = [&](std::size_t index) {
        const auto& info = architecture.info(index);
        return gradient.subspan(info.offset, info.size);
    };
    LayerShare& sum = shares_[0].layers[static_cast<std::size_t>(k)];
    for (std::size_t s = 1; s < shares_.size(); ++s) {
        const LayerShare& term = shares_[s].layers[static_cast<std::size_t>(k)];
        add(sum.linear_1, term.linear_1);
        add(sum.linear_2, term.linear_2);
        add(sum.coefficients, term.coefficients);
        for (std::size_t t = 0; t < sum.self.size(); ++t) add(sum.self[t], term.self[t]);
    }
    unpack_gradient<T>(plan.linear_1, sum.linear_1, part(where.linear_1));
    unpack_gradient<T>(plan.linear_2, sum.linear_2, part(where.linear_2));
    const int intervals = setup.weights->intervals;
    const RadialNetwork& radial = (*setup.radial)[static_cast<std::size_t>(k)];
    const std::vector<double> coefficients(sum.coefficients.begin(), sum.coefficients.end());
    std::vector<double> x(static_cast<std::size_t>(intervals) - 1), rows(x.size() * static_cast<std::size_t>(radial.width()));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i) / intervals;
    spline_gradient(coefficients, intervals, radial.width(), SplineEnd::zero, rows);
    radial.accumulate_gradient(setup.parameters, x, rows, gradient);
}

template <class T>
void GradientPass<T>::collect(std::span<double> gradient) {
    const auto& setup = this->setup_;
    const Architecture& architecture = *setup.architecture;
    const auto& h = architecture.hyper;
    for (std::size_t s = 1; s < shares_.size(); ++s) {
        add(shares_[0].embedding, shares_[s].embedding);
        add(shares_[0].readout, shares_[s].readout);
        add(shares_[0].scales, shares_[s].scales);
        add(shares_[0].shifts, shares_[s].shifts);
    }
    const Share& sum = shares_[0];
    // Layers touch disjoint parameters, apart from trainable Bessel roots, which all share.
    const auto count = static_cast<int>(architecture.layers.size());
#pragma omp parallel for schedule(dynamic) if (!h.bessel_trainable)
    for (int k = 0; k < count; ++k) collect_layer(k, gradient);

    const auto features = static_cast<std::size_t>(h.type_embed_num_features);
    const auto width = static_cast<std::size_t>(architecture.layers[0].input.width);
    const auto embedding = architecture.info(architecture.type_embed);
    for (std::size_t t = 0; t < static_cast<std::size_t>(h.types()); ++t) {
        const auto row = gradient.subspan(embedding.offset + t * features, features);
        for (std::size_t u = 0; u < features; ++u) row[u] += sum.embedding[t * width + u];
        for (std::size_t k = 1; k < architecture.layers.size(); ++k) {
            const auto& info = architecture.info(architecture.layer_parameters[k].self);
            unpack_self_gradient<T>(architecture.layers[k].self, sum.layers[k].self[t], setup.parameters.subspan(info.offset, info.size),
                                    setup.parameters.subspan(embedding.offset + t * features, features),
                                    gradient.subspan(info.offset, info.size), row);
        }
        gradient[architecture.info(architecture.scales).offset + t] += sum.scales[t];
        gradient[architecture.info(architecture.shifts).offset + t] += sum.shifts[t];
    }
    std::size_t position = 0;
    for (std::size_t j = 0; j < architecture.readout.size(); ++j) {
        const auto& info = architecture.info(architecture.readout[j]);
        for (std::size_t i = 0; i < info.size; ++i, ++position) {
            // readout weights carry their scale: chain rule with the ratio of scaled to raw weight.
            gradient[info.offset + i] += sum.readout[position] * setup.weights->readout_scales[j];
        }
    }
}

template <class T>
void GradientPass<T>::accumulate_gradient(const GradientSeeds& seeds, std::span<double> gradient) {
    const int count = static_cast<int>(this->layers_.size());
    set_up_shares();
    for (int k = 0; k < count; ++k) tangent_layer(k, seeds.edges);
    reverse_readout(seeds.energies);
    for (int k = count - 1; k >= 0; --k) reverse_layer(k, seeds.edges);
    collect(gradient);
}

template class GradientPass<float>;
template class GradientPass<double>;

}  // namespace alkali::models::nequip
