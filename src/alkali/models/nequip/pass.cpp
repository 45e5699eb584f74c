#include "alkali/models/nequip/pass.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "alkali/math/rounding.hpp"
#include "alkali/models/contract/parts.hpp"
#include "alkali/models/contract/shared.hpp"
#include "alkali/models/nequip/zbl.hpp"

namespace alkali::models::nequip {
namespace {

std::size_t size_of(int rows, int width) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width); }
std::ptrdiff_t offset_of(int row, int width) { return static_cast<std::ptrdiff_t>(row) * width; }

std::vector<double> edge_cutoffs(const Graph& graph, const Hyperparameters& hyper) {
    std::vector<double> cutoff(static_cast<std::size_t>(graph.num_edges()));
    for (std::size_t i = 0; i < static_cast<std::size_t>(graph.num_local); ++i)
        for (auto e = static_cast<std::size_t>(graph.first[i]); e < static_cast<std::size_t>(graph.first[i + 1]); ++e) {
            const int pair = graph.types[i] * hyper.types() + graph.types[static_cast<std::size_t>(graph.neighbour[e])];
            cutoff[e] = hyper.per_edge_type_cutoff[static_cast<std::size_t>(pair)];
        }
    return cutoff;
}

}  // namespace

template <class T>
void Pass<T>::use(const PassSetup<T>& setup) {
    setup_ = setup;
    readout_.emplace(*setup.architecture, setup.weights->readout);
    layers_.resize(setup.architecture->layers.size());
}

template <class T>
void Pass<T>::scale_rows(const Graph& graph, T* rows, int width, int begin, int end) const {
    for (int i = begin; i < end; ++i) {
        const T norm = setup_.weights->neighbour_norm[static_cast<std::size_t>(graph.types[static_cast<std::size_t>(i)])];
        T* row = rows + static_cast<std::ptrdiff_t>(i) * width;
        for (int u = 0; u < width; ++u) row[u] *= norm;
    }
}

template <class T>
void Pass<T>::prepare(const Graph& graph) {
    const int size = setup_.keep ? graph.num_atoms() : window;
    windows_ = shared<Windows>(graph, "nequip windows " + std::to_string(size), [&] { return make_windows(graph, size); });
    const auto& hyper = setup_.architecture->hyper;
    cutoff_.reset();
    if (hyper.per_edge_type_cutoff.empty()) return;
    std::string key = "nequip cutoffs";
    for (const double cutoff : hyper.per_edge_type_cutoff) key += ' ' + std::to_string(std::bit_cast<std::uint64_t>(cutoff));
    cutoff_ = shared<std::vector<double>>(graph, key, [&] { return edge_cutoffs(graph, hyper); });
}

template <class T>
kernels::EdgeView Pass<T>::edge_view(const Graph& graph) const {
    return {graph.vector.data(), cutoff_ ? cutoff_->data() : nullptr, setup_.architecture->hyper.r_max, setup_.round_geometry};
}

template <class T>
kernels::RadialView<T> Pass<T>::radial_view(int k, const Graph& graph, bool slopes) {
    kernels::RadialView<T> view;
    view.coefficients = setup_.weights->layers[static_cast<std::size_t>(k)].coefficients.data();
    view.intervals = setup_.weights->intervals;
    if (setup_.mode == RadialMode::spline) return view;
    const RadialNetwork& radial = (*setup_.radial)[static_cast<std::size_t>(k)];
    const auto edges = edge_view(graph);
    std::vector<double> x(static_cast<std::size_t>(graph.num_edges()));
    for (std::size_t e = 0; e < x.size(); ++e)
        x[e] = edges.at(static_cast<std::int64_t>(e)).norm() / edges.cutoff_of(static_cast<std::int64_t>(e));
    std::vector<double> rows(x.size() * static_cast<std::size_t>(radial.width())), derivative(slopes ? rows.size() : 0);
    base::Laps laps(profile_);
    radial.evaluate(setup_.parameters, x, rows, derivative);
    rows_.assign(rows.begin(), rows.end());
    slopes_.assign(derivative.begin(), derivative.end());
    laps.end(part::radial);
    view.rows = rows_.data();
    view.slopes = slopes ? slopes_.data() : nullptr;
    return view;
}

template <class T>
typename Pass<T>::Rows& Pass<T>::z_gradient(int k) {
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    return setup_.keep ? state.z_gradient : state.z;
}

template <class T>
typename Pass<T>::Rows& Pass<T>::y_gradient(int k) {
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    return setup_.keep ? state.y_gradient : state.y;
}

template <class T>
typename Pass<T>::Rows& Pass<T>::mid_gradient(int k) {
    return setup_.keep ? layers_[static_cast<std::size_t>(k)].mid_gradient : mid_gradient_;
}

template <class T>
void Pass<T>::embed(const Graph& graph) {
    const int width = setup_.architecture->layers[0].input.width, rows = graph.num_atoms();
    LayerState<T>& state = layers_[0];
    state.y.resize(size_of(rows, width));
    state.z.resize(size_of(graph.num_local, setup_.architecture->layers[0].convolved.width));
    if (setup_.keep) state.x.resize(size_of(rows, width));
#pragma omp parallel
    {
        Rows local(setup_.keep ? 0 : size_of(chunk, width));
        base::Laps laps(profile_);
#pragma omp for schedule(dynamic)
        for (int begin = 0; begin < rows; begin += chunk) {
            const int end = std::min(begin + chunk, rows);
            T* x = setup_.keep ? state.x.data() + offset_of(begin, width) : local.data();
            for (int i = begin; i < end; ++i)
                std::copy_n(setup_.weights->embedding.data() + graph.types[static_cast<std::size_t>(i)] * width, width,
                            x + offset_of(i - begin, width));
            project(0, graph, x, begin, end);
            laps.end(part::linear);
        }
    }
}

template <class T>
void Pass<T>::enter(int k, const Graph& graph, const T* x, int begin, int end) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)];
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int in = plan.input.width;
    apply(plan.linear_1, weights.linear_1, *setup_.kernels, x, state.y.data() + offset_of(begin, in), end - begin, false);
    scale_rows(graph, state.y.data(), in, begin, end);
}

template <class T>
void Pass<T>::project(int k, const Graph& graph, const T* x, int begin, int end) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup_.kernels;
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int in = plan.input.width;
    enter(k, graph, x, begin, end);
    if (plan.self_connection)
        for_runs(graph, begin, end, [&](std::size_t type, int start, int count) {
            apply(plan.self, weights.self[type], kernels, x + offset_of(start - begin, in),
                  state.z.data() + offset_of(start, plan.convolved.width), count, false);
        });
}

template <class T>
void Pass<T>::leave(int k, T* x, int begin, int end) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int out = plan.convolved.width, left = plan.output.width, scalars = scalar_width(plan);
    Rows value(setup_.keep ? 0 : static_cast<std::size_t>(scalars)), first(value.size());
    for (int i = begin; i < end; ++i) {
        const auto kept = offset_of(i, scalars);
        ActivatedRow<T> row{value.data(), first.data(), nullptr};
        if (setup_.keep) row = {state.value.data() + kept, state.first.data() + kept, state.second.data() + kept};
        const T* z = state.z.data() + offset_of(i, out);
        activate_row(plan, *setup_.kernels, z, row);
        gate_forward(plan.gate, row, z, x + offset_of(i - begin, left));
    }
}

template <class T>
void Pass<T>::set_aside(int k, const Graph& graph) {
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    if (!too_large(state.y)) return;
    const int width = setup_.architecture->layers[static_cast<std::size_t>(k)].input.width;
    state.ghost_y.assign(state.y.begin() + offset_of(graph.num_local, width), state.y.end());
    Rows().swap(state.y);
}

template <class T>
void Pass<T>::restore(int k, const Graph& graph) {
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int width = setup_.architecture->layers[static_cast<std::size_t>(k)].input.width;
    if (!state.y.empty()) return;
    state.y.resize(size_of(graph.num_atoms(), width));
    std::copy(state.ghost_y.begin(), state.ghost_y.end(), state.y.begin() + offset_of(graph.num_local, width));
#pragma omp parallel
    {
        Rows features(size_of(chunk, width));
        base::Laps laps(profile_);
#pragma omp for schedule(dynamic)
        for (int begin = 0; begin < graph.num_local; begin += chunk) {
            const int end = std::min(begin + chunk, graph.num_local);
            leave(k - 1, features.data(), begin, end);
            laps.end(part::gate);
            enter(k, graph, features.data(), begin, end);
            laps.end(part::linear);
        }
    }
}

template <class T>
void Pass<T>::forward_layer(int k, const Graph& graph, Exchange& exchange) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup_.kernels;
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const bool last = static_cast<std::size_t>(k) + 1 == layers_.size();
    const int out = plan.convolved.width, left = plan.output.width, middle = plan.convolution.output_width, local = graph.num_local;
    const int scalars = scalar_width(plan);
    if (k > 0) exchange.forward(state.y.data(), static_cast<std::size_t>(plan.input.width));
    if (setup_.keep) {
        state.mid.resize(size_of(local, middle));
        for (auto* rows : {&state.value, &state.first, &state.second}) rows->resize(size_of(local, scalars));
    }
    if (last) {
        features_.resize(size_of(local, left));
    } else {
        LayerState<T>& next = layers_[static_cast<std::size_t>(k) + 1];
        next.y.resize(size_of(graph.num_atoms(), left));
        next.z.resize(size_of(local, setup_.architecture->layers[static_cast<std::size_t>(k) + 1].convolved.width));
        if (setup_.keep) next.x.resize(size_of(local, left));
    }
    kernels::ConvolveForward<T> convolve;
    convolve.plan = &plan.convolution;
    convolve.edges = edge_view(graph);
    convolve.radial = radial_view(k, graph, false);
    convolve.first = graph.first.data();
    convolve.neighbour = graph.neighbour.data();
    convolve.input = state.y.data();
#pragma omp parallel
    {
        Rows mid(setup_.keep ? 0 : size_of(chunk, middle)), features(size_of(chunk, left));
        base::Laps laps(profile_);
#pragma omp for schedule(dynamic)
        for (int begin = 0; begin < local; begin += chunk) {
            const int end = std::min(begin + chunk, local);
            auto task = convolve;
            task.output = setup_.keep ? state.mid.data() + offset_of(begin, middle) : mid.data();
            task.output_begin = begin;
            kernels.convolution.forward(task, begin, end);
            laps.end(part::tensor_product_forward);
            apply(plan.linear_2, weights.linear_2, kernels, task.output, state.z.data() + offset_of(begin, out), end - begin,
                  plan.self_connection);
            laps.end(part::linear);
            T* x = features.data();
            if (last)
                x = features_.data() + offset_of(begin, left);
            else if (setup_.keep)
                x = layers_[static_cast<std::size_t>(k) + 1].x.data() + offset_of(begin, left);
            leave(k, x, begin, end);
            laps.end(part::gate);
            if (!last) project(k + 1, graph, x, begin, end);
            laps.end(part::linear);
        }
    }
    if (k > 0 && !last) set_aside(k, graph);
}

template <class T>
void Pass<T>::read_out(const Graph& graph, const Evaluation& out) {
    const int width = setup_.architecture->layers.back().output.width;
    const auto inputs = static_cast<std::size_t>(readout_->inputs());
    const int last = static_cast<int>(layers_.size()) - 1;
    base::Laps laps(profile_);
    if (setup_.keep) layers_.back().z_gradient.resize(layers_.back().z.size());
    feature_gradient_.assign(static_cast<std::size_t>(graph.num_local) * static_cast<std::size_t>(width), T(0));
#pragma omp parallel
    {
        std::vector<double> scalars(inputs), gradient(inputs);
#pragma omp for schedule(static)
        for (int i = 0; i < graph.num_local; ++i) {
            const auto type = static_cast<std::size_t>(graph.types[static_cast<std::size_t>(i)]);
            const T* row = features_.data() + static_cast<std::ptrdiff_t>(i) * width;
            T* back = feature_gradient_.data() + static_cast<std::ptrdiff_t>(i) * width;
            for (std::size_t u = 0; u < inputs; ++u) scalars[u] = static_cast<double>(row[u]);
            if (!out.features.empty()) std::copy(scalars.begin(), scalars.end(), out.features.begin() + offset_of(i, readout_->inputs()));
            const double energy = readout_->evaluate(scalars, gradient);
            for (std::size_t u = 0; u < inputs; ++u) back[u] = static_cast<T>(setup_.weights->scales[type] * gradient[u]);
            out.energies[static_cast<std::size_t>(i)] = setup_.weights->scales[type] * energy + setup_.weights->shifts[type];
        }
    }
    laps.end(part::readout);
#pragma omp parallel for schedule(dynamic)
    for (int begin = 0; begin < graph.num_local; begin += chunk)
        backward_gate(last, feature_gradient_.data() + offset_of(begin, width), begin, std::min(begin + chunk, graph.num_local));
    laps.end(part::gate);
    if (setup_.keep) layers_.back().x_gradient = feature_gradient_;
}

template <class T>
void Pass<T>::backward_gate(int k, const T* x_gradient, int begin, int end) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int out = plan.convolved.width, left = plan.output.width, scalars = scalar_width(plan);
    Rows value(setup_.keep ? 0 : static_cast<std::size_t>(scalars)), first(value.size()), gradient(static_cast<std::size_t>(out));
    for (int i = begin; i < end; ++i) {
        const T* z = state.z.data() + offset_of(i, out);
        ActivatedRow<T> row{value.data(), first.data(), nullptr};
        if (setup_.keep)
            row = {state.value.data() + offset_of(i, scalars), state.first.data() + offset_of(i, scalars), nullptr};
        else
            activate_row(plan, *setup_.kernels, z, row);
        gate_backward(plan.gate, row, z, x_gradient + offset_of(i - begin, left), gradient.data());
        std::copy(gradient.begin(), gradient.end(), z_gradient(k).data() + offset_of(i, out));
    }
}

template <class T>
void Pass<T>::backward_linear(int k, std::span<const std::int32_t> centres) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const PackedLinear<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)].linear_2;
    const int out = plan.convolved.width, middle = plan.convolution.output_width, count = static_cast<int>(centres.size());
    const T* from = z_gradient(k).data();
    T* to = mid_gradient(k).data();
    const bool in_order = centres.back() - centres.front() == count - 1 && windows_->row.empty();
    if (in_order) {
        apply_transposed(plan.linear_2, weights, *setup_.kernels, from + offset_of(centres.front(), out),
                         to + offset_of(centres.front(), middle), count, false);
        return;
    }
    Rows gathered(size_of(count, out)), rows(size_of(count, middle));
    for (int c = 0; c < count; ++c)
        std::copy_n(from + offset_of(centres[static_cast<std::size_t>(c)], out), out, gathered.data() + offset_of(c, out));
    apply_transposed(plan.linear_2, weights, *setup_.kernels, gathered.data(), rows.data(), count, false);
    for (int c = 0; c < count; ++c)
        std::copy_n(rows.data() + offset_of(c, middle), middle,
                    to + offset_of(windows_->place(centres[static_cast<std::size_t>(c)]), middle));
}

template <class T>
void Pass<T>::backward_layer(int k, const Graph& graph, Exchange& exchange, const Evaluation& result) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup_.kernels;
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int in = plan.input.width, out = plan.convolved.width;
    if (k > 0) restore(k, graph);
    mid_gradient(k).resize(size_of(windows_->rows, plan.convolution.output_width));
    if (setup_.keep && k > 0) state.y_gradient.resize(size_of(graph.num_atoms(), in));
    kernels::ConvolveBackward<T> convolve;
    convolve.plan = &plan.convolution;
    convolve.edges = edge_view(graph);
    convolve.radial = radial_view(k, graph, true);
    const IncomingEdges& incoming = graph.by_neighbour();
    convolve.incoming_first = incoming.first.data();
    convolve.incoming_edge = incoming.edge.data();
    convolve.incoming_centre = incoming.centre.data();
    convolve.input = state.y.data();
    convolve.output_gradient = mid_gradient(k).data();
    convolve.output_row = windows_->row.empty() ? nullptr : windows_->row.data();
    convolve.input_gradient = k > 0 ? y_gradient(k).data() : nullptr;
    convolve.edge_gradient = result.edge_gradient.data();
#pragma omp parallel
    {
        base::Laps laps(profile_);
        for (const Window& window : windows_->windows) {
            const std::span<const std::int32_t> enter = window.enter;
#pragma omp for schedule(dynamic)
            for (std::size_t c = 0; c < enter.size(); c += chunk)
                backward_linear(k, enter.subspan(c, std::min<std::size_t>(chunk, enter.size() - c)));
            laps.end(part::linear);
#pragma omp for schedule(dynamic)
            for (int begin = window.begin; begin < window.end; begin += chunk)
                kernels.convolution.backward(convolve, begin, std::min(begin + chunk, window.end));
            laps.end(part::tensor_product_backward);
        }
    }
    if (k > 0) {
        exchange.reverse_add(y_gradient(k).data(), static_cast<std::size_t>(in));
        if (setup_.keep) {
            auto& below = layers_[static_cast<std::size_t>(k) - 1];
            below.x_gradient.resize(size_of(graph.num_local, in));
            below.z_gradient.resize(below.z.size());
        }
#pragma omp parallel
        {
            Rows local(size_of(chunk, in));
            base::Laps laps(profile_);
#pragma omp for schedule(dynamic)
            for (int begin = 0; begin < graph.num_local; begin += chunk) {
                const int end = std::min(begin + chunk, graph.num_local);
                T* below = setup_.keep ? layers_[static_cast<std::size_t>(k) - 1].x_gradient.data() + offset_of(begin, in) : local.data();
                for_runs(graph, begin, end, [&](std::size_t type, int start, int count) {
                    apply_transposed(plan.self, weights.self[type], kernels, z_gradient(k).data() + offset_of(start, out),
                                     below + offset_of(start - begin, in), count, false);
                });
                scale_rows(graph, y_gradient(k).data(), in, begin, end);
                apply_transposed(plan.linear_1, weights.linear_1, kernels, y_gradient(k).data() + offset_of(begin, in), below, end - begin,
                                 true);
                laps.end(part::linear);
                backward_gate(k - 1, below, begin, end);
                laps.end(part::gate);
            }
        }
    }
    for (Rows* rows : {&state.z, &state.y})
        if (too_large(*rows)) Rows().swap(*rows);
}

template <class T>
void Pass<T>::add_pair_repulsion(const Graph& graph, const Evaluation& out) {
    const Zbl zbl(setup_.architecture->hyper);
    const auto edges = edge_view(graph);
    for (int i = 0; i < graph.num_local; ++i)
        for (auto e = static_cast<std::size_t>(graph.first[static_cast<std::size_t>(i)]);
             e < static_cast<std::size_t>(graph.first[static_cast<std::size_t>(i) + 1]); ++e) {
            const Vec3 r = edges.at(static_cast<std::int64_t>(e));
            const double length = r.norm();
            const auto pair =
                zbl.evaluate(graph.types[static_cast<std::size_t>(i)], graph.types[static_cast<std::size_t>(graph.neighbour[e])], length,
                             edges.cutoff_of(static_cast<std::int64_t>(e)));
            out.energies[static_cast<std::size_t>(i)] += pair.energy;
            out.edge_gradient[e] += (pair.slope / length) * r;
        }
}

template <class T>
void Pass<T>::evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) {
    const int count = static_cast<int>(layers_.size());
    profile_ = out.profile;
    base::Laps laps(profile_);
    prepare(graph);
    laps.end(part::geometry);
    embed(graph);
    for (int k = 0; k < count; ++k) forward_layer(k, graph, exchange);
    read_out(graph, out);
    std::fill(out.edge_gradient.begin(), out.edge_gradient.end(), Vec3::Zero());
    for (int k = count - 1; k >= 0; --k) backward_layer(k, graph, exchange, out);
    if (setup_.architecture->hyper.zbl) add_pair_repulsion(graph, out);
    if (!setup_.round_geometry) return;
    for (double& energy : out.energies) energy = math::rounded_to_float(energy);
    for (Vec3& gradient : out.edge_gradient) gradient = math::rounded_to_float(gradient);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace alkali::models::nequip
