#pragma once
#include <span>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/nequip/architecture.hpp"

/// Equivariant linear maps on padded feature rows.
namespace alkali::models::nequip {

/// The matrices of a LinearPlan, padded, norm included, forward and transposed.
template <class T>
struct PackedLinear {
    base::AlignedVector<T> forward, transposed;
};

/// weights: the flat array of the plan.
template <class T>
void pack(const LinearPlan& plan, std::span<const double> weights, PackedLinear<T>& packed);
/// The effective matrices of one type of a self-connection: weights (.., attribute, ..) contracted with its embedding.
template <class T>
void pack_self(const LinearPlan& plan, std::span<const double> weights, std::span<const double> embedding, PackedLinear<T>& packed);

/// out = x W (or += with accumulate) for `rows` rows.
template <class T>
void apply(const LinearPlan& plan, const PackedLinear<T>& packed, const kernels::KernelSet<T>& kernels, const T* x, T* out, int rows,
           bool accumulate);
/// x_gradient = out_gradient W^T (or +=).
template <class T>
void apply_transposed(const LinearPlan& plan, const PackedLinear<T>& packed, const kernels::KernelSet<T>& kernels, const T* out_gradient,
                      T* x_gradient, int rows, bool accumulate);
/// packed_gradient (plan.packed_size) += x^T out_gradient.
template <class T>
void weight_gradient(const LinearPlan& plan, const kernels::KernelSet<T>& kernels, const T* x, const T* out_gradient, int rows,
                     T* packed_gradient);

/// Back from padded matrices to the flat array: gradient += norm * packed_gradient.
template <class T>
void unpack_gradient(const LinearPlan& plan, std::span<const T> packed_gradient, std::span<double> gradient);
/// The same for a self-connection: adds to the gradients of the weights and of the type's embedding.
template <class T>
void unpack_self_gradient(const LinearPlan& plan, std::span<const T> packed_gradient, std::span<const double> weights,
                          std::span<const double> embedding, std::span<double> weight_gradient, std::span<double> embedding_gradient);

}  // namespace alkali::models::nequip
