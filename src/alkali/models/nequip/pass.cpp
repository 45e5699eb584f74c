#include "alkali/models/nequip/pass.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/models/contract/parts.hpp"
#include "alkali/models/nequip/zbl.hpp"

namespace alkali::models::nequip {

template <class T>
Pass<T>::Pass(const PassSetup<T>& setup)
    : setup_(setup),
      harmonics_(setup.architecture->hyper.l_max),
      readout_(*setup.architecture, setup.weights->readout),
      layers_(setup.architecture->layers.size()) {}

template <class T>
void Pass<T>::scale_rows(const Graph& graph, T* rows, int width, int begin, int end) const {
    for (int i = begin; i < end; ++i) {
        const T norm = setup_.weights->neighbour_norm[static_cast<std::size_t>(graph.types[static_cast<std::size_t>(i)])];
        T* row = rows + static_cast<std::ptrdiff_t>(i) * width;
        for (int u = 0; u < width; ++u) row[u] *= norm;
    }
}

template <class T>
Vec3 Pass<T>::edge_vector(const Graph& graph, std::size_t edge) const {
    if (!setup_.round_geometry) return graph.vector[edge];
    return graph.vector[edge].template cast<float>().template cast<double>();
}

template <class T>
void Pass<T>::prepare(const Graph& graph) {
    const auto edges = static_cast<std::size_t>(graph.num_edges());
    const auto size = static_cast<std::size_t>(harmonics_.size());
    const auto& hyper = setup_.architecture->hyper;
    incoming_ = incoming_edges(graph);
    auto& g = geometry_;
    g.length.resize(edges);
    g.x.resize(edges);
    g.cutoff.resize(edges);
    g.harmonics.resize(edges * size);
    g.x_gradient.assign(edges, 0.0);
    g.harmonics_gradient.assign(edges * size, 0.0);
#pragma omp parallel
    {
        std::vector<double> values(size);
#pragma omp for schedule(static)
        for (int i = 0; i < graph.num_local; ++i)
            for (auto e = static_cast<std::size_t>(graph.first[static_cast<std::size_t>(i)]);
                 e < static_cast<std::size_t>(graph.first[static_cast<std::size_t>(i) + 1]); ++e) {
                const Vec3 r = edge_vector(graph, e);
                g.length[e] = r.norm();
                g.cutoff[e] = hyper.r_max;
                if (!hyper.per_edge_type_cutoff.empty())
                    g.cutoff[e] =
                        hyper.per_edge_type_cutoff[static_cast<std::size_t>(graph.types[static_cast<std::size_t>(i)] * hyper.types() +
                                                                            graph.types[static_cast<std::size_t>(graph.neighbour[e])])];
                g.x[e] = g.length[e] / g.cutoff[e];
                harmonics_.evaluate(r / g.length[e], values);
                for (std::size_t s = 0; s < size; ++s) g.harmonics[e * size + s] = static_cast<T>(values[s]);
            }
    }
}

template <class T>
kernels::RadialView<T> Pass<T>::radial_view(int k, bool slopes) {
    kernels::RadialView<T> view;
    view.coefficients = setup_.weights->layers[static_cast<std::size_t>(k)].coefficients.data();
    view.intervals = setup_.weights->intervals;
    if (setup_.mode == RadialMode::spline) return view;
    const RadialNetwork& radial = (*setup_.radial)[static_cast<std::size_t>(k)];
    std::vector<double> rows(geometry_.x.size() * static_cast<std::size_t>(radial.width())), derivative(slopes ? rows.size() : 0);
    base::Laps laps(profile_);
    radial.evaluate(setup_.parameters, geometry_.x, rows, derivative);
    rows_.assign(rows.begin(), rows.end());
    slopes_.assign(derivative.begin(), derivative.end());
    laps.end(part::radial);
    view.rows = rows_.data();
    view.slopes = slopes ? slopes_.data() : nullptr;
    return view;
}

template <class T>
void Pass<T>::forward_layer(int k, const Graph& graph, Exchange& exchange) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup_.kernels;
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int in = plan.input.width, out = plan.convolved.width, left = plan.output.width, middle = plan.convolution.output_width;
    const int rows = k == 0 ? graph.num_atoms() : graph.num_local;
    if (k == 0) {
        features_.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(in));
        for (int i = 0; i < rows; ++i)
            std::copy_n(setup_.weights->embedding.data() + graph.types[static_cast<std::size_t>(i)] * in, in,
                        features_.data() + static_cast<std::ptrdiff_t>(i) * in);
    }
    base::Laps laps(profile_);
    state.y.resize(static_cast<std::size_t>(graph.num_atoms()) * static_cast<std::size_t>(in));
#pragma omp parallel for schedule(dynamic)
    for (int begin = 0; begin < rows; begin += chunk) {
        const int end = std::min(begin + chunk, rows);
        const auto offset = static_cast<std::ptrdiff_t>(begin) * in;
        apply(plan.linear_1, weights.linear_1, kernels, features_.data() + offset, state.y.data() + offset, end - begin, false);
        scale_rows(graph, state.y.data(), in, begin, end);
    }
    laps.end(part::linear);
    if (k > 0) exchange.forward(state.y.data(), static_cast<std::size_t>(in));

    const auto local = static_cast<std::size_t>(graph.num_local);
    state.z.resize(local * static_cast<std::size_t>(out));
    base::AlignedVector<T> next(local * static_cast<std::size_t>(left));
    const int scalars = scalar_width(plan);
    if (setup_.keep) {
        state.mid.resize(local * static_cast<std::size_t>(middle));
        for (auto* rows_kept : {&state.value, &state.first, &state.second}) rows_kept->resize(local * static_cast<std::size_t>(scalars));
    }
    kernels::ConvolveForward<T> convolve;
    convolve.plan = &plan.convolution;
    convolve.edges = {geometry_.x.data(), geometry_.harmonics.data()};
    convolve.radial = radial_view(k, false);
    convolve.first = graph.first.data();
    convolve.neighbour = graph.neighbour.data();
    convolve.input = state.y.data();
#pragma omp parallel
    {
        base::AlignedVector<T> mid(setup_.keep ? 0 : static_cast<std::size_t>(chunk * middle));
        base::AlignedVector<T> value(static_cast<std::size_t>(scalars)), first(static_cast<std::size_t>(scalars));
        base::Laps laps(profile_);
#pragma omp for schedule(dynamic)
        for (int begin = 0; begin < graph.num_local; begin += chunk) {
            const int end = std::min(begin + chunk, graph.num_local);
            auto task = convolve;
            task.output = setup_.keep ? state.mid.data() + static_cast<std::ptrdiff_t>(begin) * middle : mid.data();
            task.output_begin = begin;
            kernels.convolution.forward(task, begin, end);
            laps.end(part::tensor_product_forward);
            T* z = state.z.data() + static_cast<std::ptrdiff_t>(begin) * out;
            apply(plan.linear_2, weights.linear_2, kernels, task.output, z, end - begin, false);
            if (plan.self_connection)
                for_runs(graph, begin, end, [&](std::size_t type, int start, int count) {
                    apply(plan.self, weights.self[type], kernels, features_.data() + static_cast<std::ptrdiff_t>(start) * in,
                          state.z.data() + static_cast<std::ptrdiff_t>(start) * out, count, true);
                });
            laps.end(part::linear);
            for (int i = begin; i < end; ++i) {
                const auto kept = static_cast<std::ptrdiff_t>(i) * scalars;
                ActivatedRow<T> row{value.data(), first.data(), nullptr};
                if (setup_.keep) row = {state.value.data() + kept, state.first.data() + kept, state.second.data() + kept};
                const T* zi = state.z.data() + static_cast<std::ptrdiff_t>(i) * out;
                activate_row(plan, kernels, zi, row);
                gate_forward(plan.gate, row, zi, next.data() + static_cast<std::ptrdiff_t>(i) * left);
            }
            laps.end(part::gate);
        }
    }
    if (setup_.keep) state.x = std::move(features_);
    features_ = std::move(next);
}

template <class T>
void Pass<T>::read_out(const Graph& graph, const Evaluation& out) {
    const int width = setup_.architecture->layers.back().output.width;
    const auto inputs = static_cast<std::size_t>(readout_.inputs());
    base::Laps laps(profile_);
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
            const double energy = readout_.evaluate(scalars, gradient);
            for (std::size_t u = 0; u < inputs; ++u) back[u] = static_cast<T>(setup_.weights->scales[type] * gradient[u]);
            out.energies[static_cast<std::size_t>(i)] = setup_.weights->scales[type] * energy + setup_.weights->shifts[type];
        }
    }
    laps.end(part::readout);
}

template <class T>
void Pass<T>::backward_layer(int k, const Graph& graph, Exchange& exchange) {
    const LayerPlan& plan = setup_.architecture->layers[static_cast<std::size_t>(k)];
    const LayerWeights<T>& weights = setup_.weights->layers[static_cast<std::size_t>(k)];
    const auto& kernels = *setup_.kernels;
    LayerState<T>& state = layers_[static_cast<std::size_t>(k)];
    const int in = plan.input.width, out = plan.convolved.width, left = plan.output.width, middle = plan.convolution.output_width;
    const int scalars = scalar_width(plan), atoms = graph.num_atoms();
    const auto local = static_cast<std::size_t>(graph.num_local);
    base::AlignedVector<T> below(k > 0 ? local * static_cast<std::size_t>(in) : 0);
    state.mid_gradient.resize(local * static_cast<std::size_t>(middle));
    if (setup_.keep) state.z_gradient.resize(local * static_cast<std::size_t>(out));
#pragma omp parallel
    {
        base::AlignedVector<T> z_gradient(setup_.keep ? 0 : static_cast<std::size_t>(chunk * out));
        base::AlignedVector<T> value(static_cast<std::size_t>(scalars)), first(static_cast<std::size_t>(scalars));
        base::Laps laps(profile_);
#pragma omp for schedule(dynamic)
        for (int begin = 0; begin < graph.num_local; begin += chunk) {
            const int end = std::min(begin + chunk, graph.num_local);
            T* dz = setup_.keep ? state.z_gradient.data() + static_cast<std::ptrdiff_t>(begin) * out : z_gradient.data();
            for (int i = begin; i < end; ++i) {
                const auto kept = static_cast<std::ptrdiff_t>(i) * scalars;
                const T* z = state.z.data() + static_cast<std::ptrdiff_t>(i) * out;
                ActivatedRow<T> row{value.data(), first.data(), nullptr};
                if (setup_.keep)
                    row = {state.value.data() + kept, state.first.data() + kept, nullptr};
                else
                    activate_row(plan, kernels, z, row);
                gate_backward(plan.gate, row, z, feature_gradient_.data() + static_cast<std::ptrdiff_t>(i) * left,
                              dz + static_cast<std::ptrdiff_t>(i - begin) * out);
            }
            laps.end(part::gate);
            apply_transposed(plan.linear_2, weights.linear_2, kernels, dz,
                             state.mid_gradient.data() + static_cast<std::ptrdiff_t>(begin) * middle, end - begin, false);
            if (k > 0)
                for_runs(graph, begin, end, [&](std::size_t type, int start, int count) {
                    apply_transposed(plan.self, weights.self[type], kernels, dz + static_cast<std::ptrdiff_t>(start - begin) * out,
                                     below.data() + static_cast<std::ptrdiff_t>(start) * in, count, false);
                });
            laps.end(part::linear);
        }
    }
    if (setup_.keep) state.x_gradient = std::move(feature_gradient_);

    if (k > 0) state.y_gradient.resize(static_cast<std::size_t>(atoms) * static_cast<std::size_t>(in));
    kernels::ConvolveBackward<T> convolve;
    convolve.plan = &plan.convolution;
    convolve.edges = {geometry_.x.data(), geometry_.harmonics.data()};
    convolve.radial = radial_view(k, true);
    convolve.incoming_first = incoming_.first.data();
    convolve.incoming_edge = incoming_.edge.data();
    convolve.incoming_centre = incoming_.centre.data();
    convolve.input = state.y.data();
    convolve.output_gradient = state.mid_gradient.data();
    convolve.input_gradient = k > 0 ? state.y_gradient.data() : nullptr;
    convolve.x_gradient = geometry_.x_gradient.data();
    convolve.harmonics_gradient = geometry_.harmonics_gradient.data();
    base::Laps laps(profile_);
#pragma omp parallel for schedule(dynamic)
    for (int begin = 0; begin < atoms; begin += chunk) kernels.convolution.backward(convolve, begin, std::min(begin + chunk, atoms));
    laps.end(part::tensor_product_backward);
    if (!setup_.keep) base::AlignedVector<T>().swap(state.mid_gradient);
    if (k == 0) return;
    exchange.reverse_add(state.y_gradient.data(), static_cast<std::size_t>(in));
    laps.skip();
#pragma omp parallel for schedule(dynamic)
    for (int begin = 0; begin < graph.num_local; begin += chunk) {
        const int end = std::min(begin + chunk, graph.num_local);
        const auto offset = static_cast<std::ptrdiff_t>(begin) * in;
        scale_rows(graph, state.y_gradient.data(), in, begin, end);
        apply_transposed(plan.linear_1, weights.linear_1, kernels, state.y_gradient.data() + offset, below.data() + offset, end - begin,
                         true);
    }
    laps.end(part::linear);
    if (!setup_.keep) base::AlignedVector<T>().swap(state.y_gradient);
    feature_gradient_ = std::move(below);
}

template <class T>
void Pass<T>::finish(const Graph& graph, const Evaluation& out) {
    const auto size = static_cast<std::size_t>(harmonics_.size());
    const auto edges = graph.num_edges();
#pragma omp parallel
    {
        std::vector<double> values(size);
        std::vector<Vec3> gradient(size);
#pragma omp for schedule(static)
        for (std::int64_t edge = 0; edge < edges; ++edge) {
            const auto e = static_cast<std::size_t>(edge);
            const Vec3 direction = edge_vector(graph, e) / geometry_.length[e];
            harmonics_.evaluate(direction, geometry_.length[e], values, gradient);
            Vec3 sum = (geometry_.x_gradient[e] / geometry_.cutoff[e]) * direction;
            for (std::size_t s = 1; s < size; ++s) sum += geometry_.harmonics_gradient[e * size + s] * gradient[s];
            out.edge_gradient[e] = sum;
        }
    }
}

template <class T>
void Pass<T>::add_pair_repulsion(const Graph& graph, const Evaluation& out) {
    const Zbl zbl(setup_.architecture->hyper);
    for (int i = 0; i < graph.num_local; ++i)
        for (auto e = static_cast<std::size_t>(graph.first[static_cast<std::size_t>(i)]);
             e < static_cast<std::size_t>(graph.first[static_cast<std::size_t>(i) + 1]); ++e) {
            const auto pair =
                zbl.evaluate(graph.types[static_cast<std::size_t>(i)], graph.types[static_cast<std::size_t>(graph.neighbour[e])],
                             geometry_.length[e], geometry_.cutoff[e]);
            out.energies[static_cast<std::size_t>(i)] += pair.energy;
            out.edge_gradient[e] += (pair.slope / geometry_.length[e]) * graph.vector[e];
        }
}

template <class T>
void Pass<T>::evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) {
    const int count = static_cast<int>(layers_.size());
    profile_ = out.profile;
    base::Laps laps(profile_);
    prepare(graph);
    laps.end(part::geometry);
    for (int k = 0; k < count; ++k) forward_layer(k, graph, exchange);
    read_out(graph, out);
    for (int k = count - 1; k >= 0; --k) backward_layer(k, graph, exchange);
    laps.skip();
    finish(graph, out);
    laps.end(part::geometry);
    if (setup_.architecture->hyper.zbl) add_pair_repulsion(graph, out);
    if (!setup_.round_geometry) return;
    for (double& energy : out.energies) energy = static_cast<double>(static_cast<float>(energy));
    for (Vec3& gradient : out.edge_gradient) gradient = gradient.cast<float>().template cast<double>();
}

template class Pass<float>;
template class Pass<double>;

}  // namespace alkali::models::nequip
