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

/// f(z), f'(z), f''(z) of one vector.
template <class V>
struct Curve {
    V value, first, second;
};

/// 1 / (1 + exp(-z)); a NaN stays one.
template <class T, class V>
HWY_INLINE V logistic(V given) {
    const hn::ScalableTag<T> d;
    const auto one = hn::Set(d, T(1)), low = hn::Set(d, -far_negative<T>);
    const auto z = hn::IfThenElse(hn::Lt(given, low), low, given);
    return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(z))));
}

/// max(z, 0); a NaN stays one.
template <class T, class V>
HWY_INLINE V positive_part(V z) {
    const hn::ScalableTag<T> d;
    return hn::IfThenElse(hn::Le(z, hn::Zero(d)), hn::Zero(d), z);
}

struct Silu {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V given) {
        const hn::ScalableTag<T> d;
        const auto one = hn::Set(d, T(1)), two = hn::Set(d, T(2)), low = hn::Set(d, -far_negative<T>);
        const auto z = hn::IfThenElse(hn::Lt(given, low), low, given);
        const auto s = logistic<T>(z), slope = hn::Mul(s, hn::Sub(one, s));
        return {hn::Mul(z, s), hn::MulAdd(z, slope, s), hn::Mul(slope, hn::MulAdd(z, hn::NegMulAdd(two, s, one), two))};
    }
};

struct Tanh {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        const auto t = hn::Tanh(d, z), slope = hn::NegMulAdd(t, t, hn::Set(d, T(1)));
        return {t, slope, hn::Mul(hn::Mul(hn::Set(d, T(-2)), t), slope)};
    }
};

struct Sigmoid {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        const auto one = hn::Set(d, T(1)), s = logistic<T>(z), slope = hn::Mul(s, hn::Sub(one, s));
        return {s, slope, hn::Mul(slope, hn::NegMulAdd(hn::Set(d, T(2)), s, one))};
    }
};

struct Softplus {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        const auto slope = Sigmoid::at<T>(z);
        const auto small = hn::Exp(d, hn::Max(hn::Neg(hn::Abs(z)), hn::Set(d, -far_negative<T>)));
        return {hn::Add(positive_part<T>(z), hn::Log1p(d, small)), slope.value, slope.first};
    }
};

struct Gelu {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        const auto c = hn::Set(d, T(0.79788456080286535588)), a = hn::Set(d, T(0.044715));  // sqrt(2 / pi)
        const auto one = hn::Set(d, T(1)), half = hn::Set(d, T(0.5));
        const auto az = hn::Mul(a, z), azz = hn::Mul(az, z);
        const auto t = Tanh::at<T>(hn::Mul(c, hn::MulAdd(azz, z, z)));
        const auto slope = hn::Mul(c, hn::MulAdd(hn::Set(d, T(3)), azz, one)), curvature = hn::Mul(hn::Mul(hn::Set(d, T(6)), c), az);
        const auto rise = hn::Mul(t.first, slope);
        const auto bend = hn::MulAdd(hn::Mul(t.second, slope), slope, hn::Mul(t.first, curvature));
        return {hn::Mul(hn::Mul(half, z), hn::Add(one, t.value)), hn::Mul(half, hn::MulAdd(z, rise, hn::Add(one, t.value))),
                hn::MulAdd(hn::Mul(half, z), bend, rise)};
    }
};

struct Relu {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        return {positive_part<T>(z), hn::IfThenElseZero(hn::Gt(z, hn::Zero(d)), hn::Set(d, T(1))), hn::Zero(d)};
    }
};

struct Relu6 {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        const auto top = hn::Set(d, T(6));
        const auto below = Relu::at<T>(z);
        return {hn::IfThenElse(hn::Ge(z, top), top, below.value), hn::IfThenElseZero(hn::Lt(z, top), below.first), hn::Zero(d)};
    }
};

struct Identity {
    template <class T, class V>
    HWY_INLINE static Curve<V> at(V z) {
        const hn::ScalableTag<T> d;
        return {z, hn::Set(d, T(1)), hn::Zero(d)};
    }
};

template <class F, class T>
HWY_INLINE void each(const Activate<T>& a) {
    const hn::ScalableTag<T> d;
    const long lanes = static_cast<long>(hn::Lanes(d));
    for (long i = 0; i < a.n; i += lanes) {
        const auto f = F::template at<T>(hn::LoadU(d, a.z + i));
        hn::StoreU(f.value, d, a.value + i);
        if (a.first) hn::StoreU(f.first, d, a.first + i);
        if (a.second) hn::StoreU(f.second, d, a.second + i);
    }
}

template <class T>
void activate(const Activate<T>& a) {
    switch (a.kind) {
        case Activation::silu: return each<Silu>(a);
        case Activation::tanh: return each<Tanh>(a);
        case Activation::identity: return each<Identity>(a);
        case Activation::relu: return each<Relu>(a);
        case Activation::relu6: return each<Relu6>(a);
        case Activation::softplus: return each<Softplus>(a);
        case Activation::sigmoid: return each<Sigmoid>(a);
        case Activation::gelu: return each<Gelu>(a);
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
