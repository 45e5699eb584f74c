#include "alkali/models/deep_potential/network.hpp"

#include <algorithm>

namespace alkali::models::deep_potential {
namespace {

using kernels::padded;

std::size_t size_of(long rows, long columns) { return static_cast<std::size_t>(rows * columns); }

/// Place of input i of a layer.
int placed(std::span<const int> place, int i) { return place.empty() ? i : place[static_cast<std::size_t>(i)]; }

}  // namespace

template <class T>
NetworkWeights<T> pack(const Architecture& architecture, const NetworkPlan& plan, std::span<const double> parameters,
                       std::span<const int> place, int places) {
    NetworkWeights<T> weights;
    for (std::size_t k = 0; k < plan.layers.size(); ++k) {
        const DenseLayer& layer = plan.layers[k];
        const auto map = k == 0 ? place : std::span<const int>();
        const int inputs = k == 0 ? places : layer.inputs;
        const long columns = padded(layer.outputs), back = padded(inputs);
        std::vector<double> sums(size_of(inputs, columns));
        const double* w = parameters.data() + architecture.offset(layer.w);
        for (int i = 0; i < layer.inputs; ++i)
            for (int o = 0; o < layer.outputs; ++o) sums[size_of(placed(map, i), columns) + static_cast<std::size_t>(o)] += *w++;
        typename NetworkWeights<T>::Layer packed;
        packed.forward.assign(sums.begin(), sums.end());
        packed.backward.assign(size_of(layer.outputs, back), T(0));
        for (int i = 0; i < inputs; ++i)
            for (int o = 0; o < layer.outputs; ++o)
                packed.backward[size_of(o, back) + static_cast<std::size_t>(i)] =
                    packed.forward[size_of(i, columns) + static_cast<std::size_t>(o)];
        const auto vector = [&](std::size_t parameter) {
            Rows<T> values(static_cast<std::size_t>(columns), T(0));
            const double* from = parameters.data() + architecture.offset(parameter);
            for (int o = 0; o < layer.outputs; ++o) values[static_cast<std::size_t>(o)] = static_cast<T>(from[o]);
            return values;
        };
        packed.bias = vector(layer.b);
        if (layer.idt) packed.time_step = vector(*layer.idt);
        weights.layers.push_back(std::move(packed));
    }
    return weights;
}

template <class T>
void Network<T>::multiply(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* z, bool accumulate) const {
    const int width = columns(layer);
    kernels_.matrix_product(
        {s.rows, inputs(layer), width, x, x_row, 1, weights_.layers[layer].forward.data(), width, z, width, accumulate});
}

template <class T>
void Network<T>::multiply_back(const NetworkRows<T>& s, std::size_t layer, const T* z, T* x, long x_row) const {
    const int width = columns(layer), below = padded(inputs(layer));
    kernels_.matrix_product(
        {s.rows, plan_.layers[layer].outputs, below, z, width, 1, weights_.layers[layer].backward.data(), below, x, x_row, false});
}

template <class T>
void Network<T>::add_skip(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* y) const {
    const DenseLayer& l = plan_.layers[layer];
    if (l.skip == DenseLayer::Skip::none) return;
    const int width = columns(layer);
    for (int r = 0; r < s.rows; ++r, x += x_row, y += width) {
        for (int c = 0; c < l.inputs; ++c) y[c] += x[at(layer, c)];
        if (l.skip == DenseLayer::Skip::doubled)
            for (int c = 0; c < l.inputs; ++c) y[l.inputs + c] += x[at(layer, c)];
    }
}

template <class T>
void Network<T>::add_skip_back(const NetworkRows<T>& s, std::size_t layer, const T* y, T* x, long x_row) const {
    const DenseLayer& l = plan_.layers[layer];
    if (l.skip == DenseLayer::Skip::none) return;
    const int width = columns(layer);
    for (int r = 0; r < s.rows; ++r, x += x_row, y += width) {
        for (int c = 0; c < l.inputs; ++c) x[at(layer, c)] += y[c];
        if (l.skip == DenseLayer::Skip::doubled)
            for (int c = 0; c < l.inputs; ++c) x[at(layer, c)] += y[l.inputs + c];
    }
}

template <class T>
void Network<T>::forward(NetworkRows<T>& s, Keep keep) const {
    s.layers.resize(plan_.layers.size());
    const T* x = s.input;
    long x_row = s.input_row;
    for (std::size_t k = 0; k < plan_.layers.size(); ++k) {
        auto& layer = s.layers[k];
        const auto& weights = weights_.layers[k];
        const long width = columns(k);
        layer.value.resize(size_of(s.rows, width));
        for (long r = 0; r < s.rows; ++r) std::copy_n(weights.bias.data(), width, layer.value.data() + r * width);
        multiply(s, k, x, x_row, layer.value.data(), true);
        if (keep != Keep::values) layer.first.resize(layer.value.size());
        if (keep == Keep::curvature) layer.second.resize(layer.value.size());
        kernels_.activation({plan_.activation, static_cast<long>(layer.value.size()), layer.value.data(), layer.value.data(),
                             keep != Keep::values ? layer.first.data() : nullptr, keep == Keep::curvature ? layer.second.data() : nullptr});
        if (!weights.time_step.empty()) {
            if (keep == Keep::curvature) layer.raw = layer.value;
            for (long r = 0; r < s.rows; ++r)
                for (long c = 0; c < width; ++c)
                    layer.value[size_of(r, width) + static_cast<std::size_t>(c)] *= weights.time_step[static_cast<std::size_t>(c)];
        }
        add_skip(s, k, x, x_row, layer.value.data());
        x = layer.value.data();
        x_row = width;
    }
}

template <class T>
void Network<T>::backward(NetworkRows<T>& s, const T* gradient, T* below, long below_row) const {
    if (plan_.layers.empty()) {
        for (long r = 0; r < s.rows; ++r) std::copy_n(gradient + r * width(), std::min<long>(width(), below_row), below + r * below_row);
        return;
    }
    s.layers.back().gradient.assign(gradient, gradient + size_of(s.rows, width()));
    for (std::size_t k = plan_.layers.size(); k-- > 0;) {
        auto& layer = s.layers[k];
        const auto& step = weights_.layers[k].time_step;
        const long columns = this->columns(k);
        layer.z_gradient.resize(layer.gradient.size());
        for (long r = 0; r < s.rows; ++r)
            for (long c = 0; c < columns; ++c) {
                const std::size_t at = size_of(r, columns) + static_cast<std::size_t>(c);
                layer.z_gradient[at] = layer.gradient[at] * layer.first[at] * (step.empty() ? T(1) : step[static_cast<std::size_t>(c)]);
            }
        T* x = below;
        long x_row = below_row;
        if (k > 0) {
            x_row = this->columns(k - 1);
            s.layers[k - 1].gradient.resize(size_of(s.rows, x_row));
            x = s.layers[k - 1].gradient.data();
        }
        multiply_back(s, k, layer.z_gradient.data(), x, x_row);
        add_skip_back(s, k, layer.gradient.data(), x, x_row);
    }
}

template <class T>
const T* Network<T>::tangent(NetworkRows<T>& s) const {
    const T* x = s.input_tangent;
    long x_row = s.input_row;
    for (std::size_t k = 0; k < plan_.layers.size(); ++k) {
        auto& layer = s.layers[k];
        const auto& step = weights_.layers[k].time_step;
        const long width = columns(k);
        layer.z_tangent.resize(layer.value.size());
        layer.tangent.resize(layer.value.size());
        multiply(s, k, x, x_row, layer.z_tangent.data(), false);
        for (long r = 0; r < s.rows; ++r)
            for (long c = 0; c < width; ++c) {
                const std::size_t at = size_of(r, width) + static_cast<std::size_t>(c);
                layer.tangent[at] = layer.z_tangent[at] * layer.first[at] * (step.empty() ? T(1) : step[static_cast<std::size_t>(c)]);
            }
        add_skip(s, k, x, x_row, layer.tangent.data());
        x = layer.tangent.data();
        x_row = width;
    }
    return x;
}

template <class T>
void Network<T>::reverse(NetworkRows<T>& s, const T* adjoint, T* below, long below_row) const {
    if (plan_.layers.empty()) {
        if (below)
            for (long r = 0; r < s.rows; ++r) std::copy_n(adjoint + r * width(), std::min<long>(width(), below_row), below + r * below_row);
        return;
    }
    s.layers.back().adjoint.assign(adjoint, adjoint + size_of(s.rows, width()));
    for (std::size_t k = plan_.layers.size(); k-- > 0;) {
        auto& layer = s.layers[k];
        const auto& step = weights_.layers[k].time_step;
        const bool tangents = layer.z_tangent.size() == layer.value.size() && s.input_tangent != nullptr;
        const long columns = this->columns(k);
        layer.z_adjoint.resize(layer.adjoint.size());
        for (long r = 0; r < s.rows; ++r)
            for (long c = 0; c < columns; ++c) {
                const std::size_t at = size_of(r, columns) + static_cast<std::size_t>(c);
                T sum = layer.adjoint[at] * layer.first[at];
                if (tangents) sum += layer.gradient[at] * layer.second[at] * layer.z_tangent[at];
                layer.z_adjoint[at] = sum * (step.empty() ? T(1) : step[static_cast<std::size_t>(c)]);
            }
        T* x = below;
        long x_row = below_row;
        if (k > 0) {
            x_row = this->columns(k - 1);
            s.layers[k - 1].adjoint.resize(size_of(s.rows, x_row));
            x = s.layers[k - 1].adjoint.data();
        }
        if (x == nullptr) return;
        multiply_back(s, k, layer.z_adjoint.data(), x, x_row);
        add_skip_back(s, k, layer.adjoint.data(), x, x_row);
    }
}

template <class T>
void Network<T>::clear(std::size_t layer, LayerGradient& gradient) const {
    const auto width = static_cast<std::size_t>(columns(layer));
    gradient.w.assign(static_cast<std::size_t>(inputs(layer)) * width, T(0));
    gradient.b.assign(width, T(0));
    gradient.time_step.assign(plan_.layers[layer].idt ? width : 0, T(0));
}

template <class T>
void Network<T>::accumulate(const NetworkRows<T>& s, std::size_t layer, int begin, int end, bool tangents, LayerGradient& out) const {
    const auto& own = s.layers[layer];
    const long width = columns(layer), x_row = layer == 0 ? s.input_row : columns(layer - 1);
    const T* x = layer == 0 ? s.input : s.layers[layer - 1].value.data();
    const T* x_tangent = layer == 0 ? s.input_tangent : s.layers[layer - 1].tangent.data();
    kernels::MatrixProduct<T> product{end - begin,          s.rows, static_cast<int>(width),      x + begin, 1,   x_row,
                                      own.z_adjoint.data(), width,  out.w.data() + begin * width, width,     true};
    kernels_.matrix_product(product);
    if (tangents) {
        product.a = x_tangent + begin;
        product.b = own.z_gradient.data();
        kernels_.matrix_product(product);
    }
    if (begin > 0) return;
    for (long r = 0; r < s.rows; ++r)
        for (long c = 0; c < width; ++c) {
            const std::size_t at = size_of(r, width) + static_cast<std::size_t>(c), o = static_cast<std::size_t>(c);
            out.b[o] += own.z_adjoint[at];
            if (out.time_step.empty()) continue;
            out.time_step[o] += own.adjoint[at] * own.raw[at];
            if (tangents) out.time_step[o] += own.gradient[at] * own.first[at] * own.z_tangent[at];
        }
}

template <class T>
void unpack(const Architecture& architecture, const DenseLayer& layer, const typename Network<T>::LayerGradient& packed,
            std::span<const int> place, std::span<double> gradient) {
    const long columns = padded(layer.outputs);
    double* w = gradient.data() + architecture.offset(layer.w);
    for (int i = 0; i < layer.inputs; ++i)
        for (int o = 0; o < layer.outputs; ++o) *w++ += packed.w[size_of(placed(place, i), columns) + static_cast<std::size_t>(o)];
    for (int o = 0; o < layer.outputs; ++o) {
        const auto at = static_cast<std::size_t>(o);
        gradient[architecture.offset(layer.b) + at] += packed.b[at];
        if (layer.idt) gradient[architecture.offset(*layer.idt) + at] += packed.time_step[at];
    }
}

template NetworkWeights<float> pack<float>(const Architecture&, const NetworkPlan&, std::span<const double>, std::span<const int>, int);
template NetworkWeights<double> pack<double>(const Architecture&, const NetworkPlan&, std::span<const double>, std::span<const int>, int);
template class Network<float>;
template class Network<double>;
template void unpack<float>(const Architecture&, const DenseLayer&, const Network<float>::LayerGradient&, std::span<const int>,
                            std::span<double>);
template void unpack<double>(const Architecture&, const DenseLayer&, const Network<double>::LayerGradient&, std::span<const int>,
                             std::span<double>);

}  // namespace alkali::models::deep_potential
