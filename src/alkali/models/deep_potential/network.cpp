#include "alkali/models/deep_potential/network.hpp"

#include <algorithm>

namespace alkali::models::deep_potential {
namespace {

using kernels::padded;

std::size_t size_of(long rows, long columns) { return static_cast<std::size_t>(rows * columns); }

/// Calls f(input) for the inputs of an entrance.
template <class F>
void for_inputs(const Places* places, int entrance, F f) {
    if (!places) return f(entrance);
    const auto p = static_cast<std::size_t>(entrance);
    for (int k = places->first[p]; k < places->first[p + 1]; ++k) f(places->inputs[static_cast<std::size_t>(k)]);
}

/// Rows begin .. end-1 of (rows, padded columns) become columns of (columns, padded rows); the padding is left as it is.
template <class T>
void transpose(const Rows<T>& from, Range rows, long columns, long to_row, Rows<T>& to) {
    // A cache line at a time.
    constexpr long line = 64 / sizeof(T);
    const long from_row = padded(static_cast<int>(columns));
    for (long first = 0; first < columns; first += line) {
        const long last = std::min(first + line, columns);
        for (long r = rows.begin; r < rows.end; ++r) {
            const T* x = from.data() + r * from_row;
            for (long c = first; c < last; ++c) to[size_of(c, to_row) + static_cast<std::size_t>(r)] = x[c];
        }
    }
}

template <class T>
void fill_padded(const double* from, int count, Rows<T>& to) {
    to.assign(static_cast<std::size_t>(padded(count)), T(0));
    std::copy_n(from, count, to.begin());
}

}  // namespace

template <class T>
void pack(const Architecture& architecture, const NetworkPlan& plan, std::span<const double> parameters, const Places* places,
          NetworkWeights<T>& weights) {
    weights.layers.resize(plan.layers.size());
    std::vector<double> sum;
    for (std::size_t k = 0; k < plan.layers.size(); ++k) {
        const DenseLayer& layer = plan.layers[k];
        auto& packed = weights.layers[k];
        const Places* const map = k == 0 ? places : nullptr;
        const int entrances = map ? map->count() : layer.inputs;
        const long columns = padded(layer.outputs), back = padded(entrances);
        packed.forward.resize(size_of(entrances, columns));
        packed.backward.resize(size_of(layer.outputs, back));
        sum.resize(static_cast<std::size_t>(layer.outputs));
        const double* w = parameters.data() + architecture.offset(layer.w);
        // So many rows at a time that they are still in the cache when they are transposed.
        constexpr int rows_at_once = 64;
        for (int begin = 0; begin < entrances; begin += rows_at_once) {
            const Range rows{begin, std::min(begin + rows_at_once, entrances)};
            for (int i = rows.begin; i < rows.end; ++i) {
                const double* row = nullptr;
                for_inputs(map, i, [&](int input) {
                    const double* next = w + size_of(input, layer.outputs);
                    if (row)
                        for (std::size_t o = 0; o < sum.size(); ++o) sum[o] = row[o] + next[o];
                    row = row ? sum.data() : next;
                });
                T* const to = packed.forward.data() + i * columns;
                std::copy_n(row, layer.outputs, to);
                std::fill(to + layer.outputs, to + columns, T(0));
            }
            transpose(packed.forward, rows, layer.outputs, back, packed.backward);
        }
        fill_padded(parameters.data() + architecture.offset(layer.b), layer.outputs, packed.bias);
        packed.time_step.clear();
        if (layer.idt) fill_padded(parameters.data() + architecture.offset(*layer.idt), layer.outputs, packed.time_step);
    }
}

template <class T>
void Network<T>::multiply(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* z, bool accumulate) const {
    const int width = columns(layer);
    kernels_.matrix_product(
        {s.rows, entrances(layer), width, x, x_row, 1, weights_.layers[layer].forward.data(), width, z, width, accumulate});
}

template <class T>
void Network<T>::multiply_back(const NetworkRows<T>& s, std::size_t layer, const T* z, T* x, long x_row) const {
    const int width = columns(layer), below = padded(entrances(layer));
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

namespace {

/// out[at] = f(at) times the time step of its column (empty: 1), for all rows.
template <class T, class F>
void fill_stepped(long rows, long width, const Rows<T>& step, T* out, F f) {
    for (long r = 0; r < rows; ++r) {
        const std::size_t row = size_of(r, width);
        if (step.empty())
            for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) out[row + c] = f(row + c);
        else
            for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) out[row + c] = f(row + c) * step[c];
    }
}

/// At least this long; what is there stays.
template <class T>
void grow(Rows<T>& rows, std::size_t size) {
    if (rows.size() < size) rows.resize(size);
}

}  // namespace

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
            layer.raw.swap(layer.value);
            layer.value.resize(layer.raw.size());
            const T* y = layer.raw.data();
            fill_stepped(s.rows, width, weights.time_step, layer.value.data(), [=](std::size_t at) { return y[at]; });
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
        const T *gradient = layer.gradient.data(), *slope = layer.first.data();
        grow(layer.z_gradients, size(s, k));
        fill_stepped(s.rows, columns(k), step, layer.z_gradients.data(), [=](std::size_t at) { return gradient[at] * slope[at]; });
        T* x = below;
        long x_row = below_row;
        if (k > 0) {
            x_row = this->columns(k - 1);
            s.layers[k - 1].gradient.resize(size_of(s.rows, x_row));
            x = s.layers[k - 1].gradient.data();
        }
        multiply_back(s, k, z_gradient(s, k).data(), x, x_row);
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
        multiply(s, k, x, x_row, layer.z_tangent.data(), false);
        const T *z_tangent = layer.z_tangent.data(), *slope = layer.first.data();
        layer.tangent.resize(layer.value.size());
        fill_stepped(s.rows, width, step, layer.tangent.data(), [=](std::size_t at) { return z_tangent[at] * slope[at]; });
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
        const T *adjoint = layer.adjoint.data(), *slope = layer.first.data();
        const std::size_t n = size(s, k);
        grow(layer.z_gradients, s.input_tangent ? 2 * n : n);
        T* const z = layer.z_gradients.data() + (s.input_tangent ? n : 0);
        if (s.input_tangent) {
            const T *gradient = layer.gradient.data(), *curvature = layer.second.data(), *z_tangent = layer.z_tangent.data();
            fill_stepped(s.rows, columns(k), step, z,
                         [=](std::size_t at) { return adjoint[at] * slope[at] + gradient[at] * curvature[at] * z_tangent[at]; });
        } else {
            fill_stepped(s.rows, columns(k), step, z, [=](std::size_t at) { return adjoint[at] * slope[at]; });
        }
        T* x = below;
        long x_row = below_row;
        if (k > 0) {
            x_row = this->columns(k - 1);
            s.layers[k - 1].adjoint.resize(size_of(s.rows, x_row));
            x = s.layers[k - 1].adjoint.data();
        }
        if (x == nullptr) return;
        multiply_back(s, k, z_adjoint(s, k).data(), x, x_row);
        add_skip_back(s, k, layer.adjoint.data(), x, x_row);
    }
}

template <class T>
std::span<const T> Network<T>::stack(Blocks blocks, std::size_t layer, Rows<T>& memory) const {
    const bool tangents = !blocks.empty() && blocks.front()->input_tangent;
    // One block has them so already.
    if (blocks.size() == 1)
        return std::span(blocks.front()->layers[layer].z_gradients).first((tangents ? 2 : 1) * size(*blocks.front(), layer));
    memory.clear();
    const auto append = [&](std::span<const T> rows) { memory.insert(memory.end(), rows.begin(), rows.end()); };
    if (tangents)
        for (const auto* block : blocks) append(z_gradient(*block, layer));
    for (const auto* block : blocks) append(z_adjoint(*block, layer));
    return memory;
}

template <class T>
void Network<T>::add_weight_gradient(Blocks blocks, std::size_t layer, Range entrances, std::span<const T> z, Scratch& scratch,
                                     std::span<double> w) const {
    // The inputs' columns side by side: one product, and what it reads lies together.
    const long width = columns(layer), count = entrances.count(), rows = static_cast<long>(z.size()) / width;
    scratch.inputs.resize(size_of(rows, count));
    scratch.product.resize(size_of(count, width));
    T* to = scratch.inputs.data();
    const auto gather = [&](const NetworkRows<T>& block, const T* x, long x_row) {
        for (int r = 0; r < block.rows; ++r, x += x_row, to += count) std::copy_n(x + entrances.begin, count, to);
    };
    if (!blocks.empty() && blocks.front()->input_tangent)
        for (const auto* block : blocks)
            gather(*block, layer == 0 ? block->input_tangent : block->layers[layer - 1].tangent.data(),
                   layer == 0 ? block->input_row : columns(layer - 1));
    for (const auto* block : blocks)
        gather(*block, layer == 0 ? block->input : block->layers[layer - 1].value.data(),
               layer == 0 ? block->input_row : columns(layer - 1));
    kernels_.matrix_product({static_cast<int>(count), static_cast<int>(rows), static_cast<int>(width), scratch.inputs.data(), 1, count,
                             z.data(), width, scratch.product.data(), width, false});
    const auto outputs = static_cast<std::size_t>(plan_.layers[layer].outputs);
    for (int e = entrances.begin; e < entrances.end; ++e) {
        const T* from = scratch.product.data() + (e - entrances.begin) * width;
        for_inputs(layer == 0 ? places_ : nullptr, e, [&](int input) {
            double* of_input = w.data() + static_cast<std::size_t>(input) * outputs;
            for (std::size_t o = 0; o < outputs; ++o) of_input[o] += from[o];
        });
    }
}

template <class T>
void Network<T>::add_bias_gradient(Blocks blocks, std::size_t layer, std::span<double> b, std::span<double> time_step) const {
    const auto columns = static_cast<std::size_t>(this->columns(layer));
    for (const auto* block : blocks) {
        const auto& own = block->layers[layer];
        const auto z = z_adjoint(*block, layer);
        for (std::size_t row = 0; row < z.size(); row += columns) {
            for (std::size_t o = 0; o < b.size(); ++o) b[o] += z[row + o];
            for (std::size_t o = 0; o < time_step.size(); ++o) time_step[o] += own.adjoint[row + o] * own.raw[row + o];
            if (!block->input_tangent) continue;
            for (std::size_t o = 0; o < time_step.size(); ++o)
                time_step[o] += own.gradient[row + o] * own.first[row + o] * own.z_tangent[row + o];
        }
    }
}

template void pack<float>(const Architecture&, const NetworkPlan&, std::span<const double>, const Places*, NetworkWeights<float>&);
template void pack<double>(const Architecture&, const NetworkPlan&, std::span<const double>, const Places*, NetworkWeights<double>&);
template class Network<float>;
template class Network<double>;

}  // namespace alkali::models::deep_potential
