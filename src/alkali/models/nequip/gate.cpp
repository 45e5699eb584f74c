#include "alkali/models/nequip/gate.hpp"

namespace alkali::models::nequip {

int scalar_width(const LayerPlan& plan) {
    int width = 0;
    for (const auto& block : plan.convolved.blocks)
        if (block.irrep.l == 0) width += block.channels;
    return width;
}

template <class T>
void activate_row(const LayerPlan& plan, const kernels::KernelSet<T>& kernels, const T* z, const ActivatedRow<T>& row) {
    const auto run = [&](kernels::Activation kind, int offset, int length, double scale) {
        kernels.activation({kind, length, z + offset, row.value + offset, row.first + offset, row.second ? row.second + offset : nullptr});
        const T c = static_cast<T>(scale);
        for (int u = offset; u < offset + length; ++u) {
            row.value[u] *= c;
            row.first[u] *= c;
            if (row.second) row.second[u] *= c;
        }
    };
    // Even scalars and gates follow one another: one run.
    int begin = 0;
    for (const auto& s : plan.gate.scalars)
        if (s.activation == kernels::Activation::tanh) {
            run(s.activation, s.input, s.channels, s.scale);
            begin = s.input + s.channels;
        }
    const int end = scalar_width(plan);
    if (end > begin)
        run(kernels::Activation::silu, begin, end - begin,
            plan.gate.gated.empty() ? plan.gate.scalars.front().scale : plan.gate.gated.front().scale);
}

template <class T>
void gate_forward(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, T* x) {
    for (const auto& s : plan.scalars)
        for (int u = 0; u < s.channels; ++u) x[s.output + u] = row.value[s.input + u];
    for (const auto& g : plan.gated)
        for (int m = 0; m < g.components; ++m)
            for (int u = 0; u < g.channels; ++u) x[g.output + m * g.channels + u] = row.value[g.gate + u] * z[g.input + m * g.channels + u];
}

template <class T>
void gate_backward(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, const T* dx, T* dz) {
    for (const auto& s : plan.scalars)
        for (int u = 0; u < s.channels; ++u) dz[s.input + u] = row.first[s.input + u] * dx[s.output + u];
    for (const auto& g : plan.gated) {
        for (int u = 0; u < g.channels; ++u) dz[g.gate + u] = T(0);
        for (int m = 0; m < g.components; ++m)
            for (int u = 0; u < g.channels; ++u) {
                const int k = g.input + m * g.channels + u;
                const T d = dx[g.output + m * g.channels + u];
                dz[k] = row.value[g.gate + u] * d;
                dz[g.gate + u] += row.first[g.gate + u] * z[k] * d;
            }
    }
}

template <class T>
void gate_tangent(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, const T* zt, T* xt) {
    for (const auto& s : plan.scalars)
        for (int u = 0; u < s.channels; ++u) xt[s.output + u] = row.first[s.input + u] * zt[s.input + u];
    for (const auto& g : plan.gated)
        for (int m = 0; m < g.components; ++m)
            for (int u = 0; u < g.channels; ++u) {
                const int k = g.input + m * g.channels + u;
                xt[g.output + m * g.channels + u] = row.first[g.gate + u] * zt[g.gate + u] * z[k] + row.value[g.gate + u] * zt[k];
            }
}

// O depends on x = f(z) with adjoint xa and on its tangent f'(z) zt with adjoint dx:
//   za = f' xa + f'' zt dx;  for a gated value v with gate s: va = g xa + g' st dx,  sa = sum g' v xa + (g'' st v + g' vt) dx.
template <class T>
void gate_tangent_backward(const GatePlan& plan, const ActivatedRow<T>& row, const T* z, const T* zt, const T* xa, const T* dx, T* za) {
    for (const auto& s : plan.scalars)
        for (int u = 0; u < s.channels; ++u)
            za[s.input + u] = row.first[s.input + u] * xa[s.output + u] + row.second[s.input + u] * zt[s.input + u] * dx[s.output + u];
    for (const auto& g : plan.gated) {
        for (int u = 0; u < g.channels; ++u) za[g.gate + u] = T(0);
        for (int m = 0; m < g.components; ++m)
            for (int u = 0; u < g.channels; ++u) {
                const int k = g.input + m * g.channels + u;
                const T a = xa[g.output + m * g.channels + u], d = dx[g.output + m * g.channels + u];
                const T g1 = row.first[g.gate + u], st = zt[g.gate + u];
                za[k] = row.value[g.gate + u] * a + g1 * st * d;
                za[g.gate + u] += g1 * z[k] * a + (row.second[g.gate + u] * st * z[k] + g1 * zt[k]) * d;
            }
    }
}

#define ALKALI_INSTANTIATE(T)                                                                                        \
    template void activate_row<T>(const LayerPlan&, const kernels::KernelSet<T>&, const T*, const ActivatedRow<T>&); \
    template void gate_forward<T>(const GatePlan&, const ActivatedRow<T>&, const T*, T*);                            \
    template void gate_backward<T>(const GatePlan&, const ActivatedRow<T>&, const T*, const T*, T*);                 \
    template void gate_tangent<T>(const GatePlan&, const ActivatedRow<T>&, const T*, const T*, T*);                  \
    template void gate_tangent_backward<T>(const GatePlan&, const ActivatedRow<T>&, const T*, const T*, const T*, const T*, T*);
ALKALI_INSTANTIATE(float)
ALKALI_INSTANTIATE(double)
#undef ALKALI_INSTANTIATE

}  // namespace alkali::models::nequip
