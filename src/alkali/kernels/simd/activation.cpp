#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/activation.cpp"
// The order of these matters.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

#include "alkali/kernels/simd/sets.hpp"

HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Below minus this silu and its derivatives vanish to working precision (arguments are held there), and exp of it is
/// still finite.
template <class T>
inline constexpr T far_negative = sizeof(T) == 4 ? T(80) : T(700);

template <class T>
HWY_INLINE void silu(const Activate<T>& a) {
    const hn::ScalableTag<T> d;
    const auto one = hn::Set(d, T(1)), two = hn::Set(d, T(2)), low = hn::Set(d, -far_negative<T>);
    for (long i = 0; i < a.n; i += static_cast<long>(hn::Lanes(d))) {
        const auto given = hn::LoadU(d, a.z + i);
        const auto z = hn::IfThenElse(hn::Lt(given, low), low, given);  // a NaN stays one
        const auto s = hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(z))));
        const auto slope = hn::Mul(s, hn::Sub(one, s));
        hn::StoreU(hn::Mul(z, s), d, a.value + i);
        if (a.first) hn::StoreU(hn::MulAdd(z, slope, s), d, a.first + i);
        if (a.second) hn::StoreU(hn::Mul(slope, hn::MulAdd(z, hn::NegMulAdd(two, s, one), two)), d, a.second + i);
    }
}

template <class T>
HWY_INLINE void hyperbolic_tangent(const Activate<T>& a) {
    const hn::ScalableTag<T> d;
    const auto one = hn::Set(d, T(1));
    for (long i = 0; i < a.n; i += static_cast<long>(hn::Lanes(d))) {
        const auto t = hn::Tanh(d, hn::LoadU(d, a.z + i));
        const auto slope = hn::NegMulAdd(t, t, one);
        hn::StoreU(t, d, a.value + i);
        if (a.first) hn::StoreU(slope, d, a.first + i);
        if (a.second) hn::StoreU(hn::Mul(hn::Mul(hn::Set(d, T(-2)), t), slope), d, a.second + i);
    }
}

template <class T>
HWY_INLINE void identity(const Activate<T>& a) {
    for (long i = 0; i < a.n; ++i) {
        a.value[i] = a.z[i];
        if (a.first) a.first[i] = T(1);
        if (a.second) a.second[i] = T(0);
    }
}

template <class T>
void activate(const Activate<T>& a) {
    switch (a.kind) {
        case Activation::silu: return silu(a);
        case Activation::tanh: return hyperbolic_tangent(a);
        case Activation::identity: return identity(a);
    }
}

template <class T>
ActivationKernel<T> activation_kernel() {
    return activate<T>;
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace alkali::kernels::simd {

template <class T>
std::vector<PerTarget<ActivationKernel<T>>> activation_kernels() {
    std::vector<PerTarget<ActivationKernel<T>>> list;
    ALKALI_ALL_TARGETS(activation_kernel, T, list)
    return list;
}
template std::vector<PerTarget<ActivationKernel<float>>> activation_kernels<float>();
template std::vector<PerTarget<ActivationKernel<double>>> activation_kernels<double>();

}  // namespace alkali::kernels::simd
#endif
