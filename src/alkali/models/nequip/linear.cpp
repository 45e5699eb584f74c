#include "alkali/models/nequip/linear.hpp"

#include <algorithm>

namespace alkali::models::nequip {
namespace {

/// Calls f(flat, packed, transposed) for each weight of a block: index in the flat array without attributes, in the padded
/// matrix (inputs x outputs), and in its transpose.
template <class F>
void for_each_weight(const LinearBlock& b, F f) {
    for (int u = 0; u < b.in_count; ++u)
        for (int w = 0; w < b.out_count; ++w)
            f(u, w, b.packed + static_cast<std::size_t>(u * b.out_channels + w),
              b.packed + static_cast<std::size_t>(w * b.in_channels + u));
}

std::size_t flat(const LinearBlock& b, int u, int w) {
    return b.group + (b.row + static_cast<std::size_t>(u)) * b.row_stride + b.column + static_cast<std::size_t>(w);
}

/// Of attribute 0; attributes follow at a distance of row_stride.
std::size_t flat_self(const LinearBlock& b, int u, int w, std::size_t attributes) {
    return b.group * attributes + (b.row + static_cast<std::size_t>(u)) * attributes * b.row_stride + b.column +
           static_cast<std::size_t>(w);
}

template <class T>
void clear(const std::vector<std::pair<int, int>>& gaps, T* rows, int width, int count) {
    for (const auto& [offset, length] : gaps)
        for (int r = 0; r < count; ++r) {
            T* begin = rows + static_cast<std::ptrdiff_t>(r) * width + offset;
            std::fill(begin, begin + length, T(0));
        }
}

}  // namespace

template <class T>
void pack(const LinearPlan& plan, std::span<const double> weights, PackedLinear<T>& packed) {
    packed.forward.assign(plan.packed_size, T(0));
    packed.transposed.assign(plan.packed_size, T(0));
    for (const auto& b : plan.blocks)
        for_each_weight(b, [&](int u, int w, std::size_t forward, std::size_t transposed) {
            packed.forward[forward] = packed.transposed[transposed] = static_cast<T>(b.norm * weights[flat(b, u, w)]);
        });
}

template <class T>
void pack_self(const LinearPlan& plan, std::span<const double> weights, std::span<const double> embedding, PackedLinear<T>& packed) {
    packed.forward.assign(plan.packed_size, T(0));
    packed.transposed.assign(plan.packed_size, T(0));
    for (const auto& b : plan.blocks)
        for_each_weight(b, [&](int u, int w, std::size_t forward, std::size_t transposed) {
            double sum = 0;
            const std::size_t base = flat_self(b, u, w, embedding.size());
            for (std::size_t v = 0; v < embedding.size(); ++v) sum += weights[base + v * b.row_stride] * embedding[v];
            packed.forward[forward] = packed.transposed[transposed] = static_cast<T>(b.norm * sum);
        });
}

template <class T>
void apply(const LinearPlan& plan, const PackedLinear<T>& packed, const kernels::KernelSet<T>& kernels, const T* x, T* out, int rows,
           bool accumulate) {
    if (!accumulate) clear(plan.unwritten, out, plan.output_width, rows);
    for (const auto& b : plan.blocks)
        for (int m = 0; m < b.components; ++m) {
            kernels::MatrixProduct<T> product;
            product.rows = rows;
            product.inner = b.in_count;
            product.columns = b.out_channels;
            product.a = x + b.input + m * b.in_channels;
            product.a_row = plan.input_width;
            product.b = packed.forward.data() + b.packed;
            product.b_inner = b.out_channels;
            product.c = out + b.output + m * b.out_channels;
            product.c_row = plan.output_width;
            product.accumulate = accumulate || !b.first;
            kernels.matrix_product(product);
        }
}

template <class T>
void apply_transposed(const LinearPlan& plan, const PackedLinear<T>& packed, const kernels::KernelSet<T>& kernels, const T* out_gradient,
                      T* x_gradient, int rows, bool accumulate) {
    if (!accumulate) clear(plan.unwritten_back, x_gradient, plan.input_width, rows);
    for (const auto& b : plan.blocks)
        for (int m = 0; m < b.components; ++m) {
            kernels::MatrixProduct<T> product;
            product.rows = rows;
            product.inner = b.out_count;
            product.columns = b.in_channels;
            product.a = out_gradient + b.output + m * b.out_channels;
            product.a_row = plan.output_width;
            product.b = packed.transposed.data() + b.packed;
            product.b_inner = b.in_channels;
            product.c = x_gradient + b.input + m * b.in_channels;
            product.c_row = plan.input_width;
            product.accumulate = accumulate || !b.first_back;
            kernels.matrix_product(product);
        }
}

template <class T>
void weight_gradient(const LinearPlan& plan, const kernels::KernelSet<T>& kernels, const T* x, const T* out_gradient, int rows,
                     T* packed_gradient) {
    for (const auto& b : plan.blocks)
        for (int m = 0; m < b.components; ++m) {
            kernels::MatrixProduct<T> product;
            product.rows = b.in_count;
            product.inner = rows;
            product.columns = b.out_channels;
            product.a = x + b.input + m * b.in_channels;
            product.a_row = 1;
            product.a_inner = plan.input_width;
            product.b = out_gradient + b.output + m * b.out_channels;
            product.b_inner = plan.output_width;
            product.c = packed_gradient + b.packed;
            product.c_row = b.out_channels;
            product.accumulate = true;
            kernels.matrix_product(product);
        }
}

template <class T>
void unpack_gradient(const LinearPlan& plan, std::span<const T> packed_gradient, std::span<double> gradient) {
    for (const auto& b : plan.blocks)
        for_each_weight(b, [&](int u, int w, std::size_t forward, std::size_t) {
            gradient[flat(b, u, w)] += b.norm * static_cast<double>(packed_gradient[forward]);
        });
}

template <class T>
void unpack_self_gradient(const LinearPlan& plan, std::span<const T> packed_gradient, std::span<const double> weights,
                          std::span<const double> embedding, std::span<double> weight_gradient, std::span<double> embedding_gradient) {
    for (const auto& b : plan.blocks)
        for_each_weight(b, [&](int u, int w, std::size_t forward, std::size_t) {
            const double g = b.norm * static_cast<double>(packed_gradient[forward]);
            const std::size_t base = flat_self(b, u, w, embedding.size());
            for (std::size_t v = 0; v < embedding.size(); ++v) {
                weight_gradient[base + v * b.row_stride] += g * embedding[v];
                embedding_gradient[v] += g * weights[base + v * b.row_stride];
            }
        });
}

#define ALKALI_INSTANTIATE(T)                                                                                                            \
    template void pack<T>(const LinearPlan&, std::span<const double>, PackedLinear<T>&);                                                 \
    template void pack_self<T>(const LinearPlan&, std::span<const double>, std::span<const double>, PackedLinear<T>&);                   \
    template void apply<T>(const LinearPlan&, const PackedLinear<T>&, const kernels::KernelSet<T>&, const T*, T*, int, bool);            \
    template void apply_transposed<T>(const LinearPlan&, const PackedLinear<T>&, const kernels::KernelSet<T>&, const T*, T*, int, bool); \
    template void weight_gradient<T>(const LinearPlan&, const kernels::KernelSet<T>&, const T*, const T*, int, T*);                      \
    template void unpack_gradient<T>(const LinearPlan&, std::span<const T>, std::span<double>);                                          \
    template void unpack_self_gradient<T>(const LinearPlan&, std::span<const T>, std::span<const double>, std::span<const double>,       \
                                          std::span<double>, std::span<double>);
ALKALI_INSTANTIATE(float)
ALKALI_INSTANTIATE(double)
#undef ALKALI_INSTANTIATE

}  // namespace alkali::models::nequip
