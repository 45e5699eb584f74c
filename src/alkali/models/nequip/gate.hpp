#pragma once
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/nequip/architecture.hpp"

/// The gate on one row: scalars through an activation, other irreps times an activated scalar.
namespace alkali::models::nequip {

/// Activated leading scalars of a row (odd scalars, even scalars, gates) and derivatives; length scalar_width().
template <class T>
struct ActivatedRow {
    T* value = nullptr;
    T* first = nullptr;
    T* second = nullptr;  ///< may be null
};

/// Length of the run of scalars at the start of a row before the gate.
[[nodiscard]] int scalar_width(const LayerPlan& plan);
/// Fills an ActivatedRow from the row z, scales (normalize2mom) included.
template <class T>
void activate_row(const LayerPlan& plan, const kernels::KernelSet<T>& kernels, const T* z, const ActivatedRow<T>& row);

/// x = gate(z).
template <class T>
void gate_forward(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, T* x);
/// dz from dx.
template <class T>
void gate_backward(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, const T* x_gradient, T* z_gradient);
/// Tangent of x from the tangent of z.
template <class T>
void gate_tangent(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, const T* z_tangent, T* x_tangent);
/// Adjoint of z, given the adjoint of x and that of the tangent of x (x_gradient). Needs second derivatives.
template <class T>
void gate_tangent_backward(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, const T* z_tangent, const T* x_adjoint,
                           const T* x_gradient, T* z_adjoint);

}  // namespace alkali::models::nequip
