#include <algorithm>
#include <cmath>

#include "alkali/kernels/reference/kernels.hpp"

namespace alkali::kernels::reference {

template <class T>
void matrix_product(const MatrixProduct<T>& m) {
    for (int r = 0; r < m.rows; ++r)
        for (int c = 0; c < m.columns; ++c) {
            T sum = m.accumulate ? m.c[r * m.c_row + c] : T(0);
            for (int k = 0; k < m.inner; ++k) sum += m.a[r * m.a_row + k * m.a_inner] * m.b[k * m.b_inner + c];
            m.c[r * m.c_row + c] = sum;
        }
}

namespace {

template <class T>
struct Derivatives {
    T value, first, second;
};

template <class T>
Derivatives<T> silu(T z) {
    const T s = T(1) / (T(1) + std::exp(-z)), ds = s * (T(1) - s);
    return {z * s, s + z * ds, T(2) * ds + z * ds * (T(1) - T(2) * s)};
}

template <class T>
Derivatives<T> hyperbolic_tangent(T z) {
    const T t = std::tanh(z), d = T(1) - t * t;
    return {t, d, T(-2) * t * d};
}

template <class T>
Derivatives<T> sigmoid(T z) {
    const T s = T(1) / (T(1) + std::exp(-z)), d = s * (T(1) - s);
    return {s, d, d * (T(1) - T(2) * s)};
}

template <class T>
Derivatives<T> softplus(T z) {
    const Derivatives<T> s = sigmoid(z);
    return {std::max(z, T(0)) + std::log1p(std::exp(-std::abs(z))), s.value, s.first};
}

template <class T>
Derivatives<T> gelu(T z) {
    const T c = T(0.79788456080286535588), a = T(0.044715);  // sqrt(2 / pi)
    const Derivatives<T> t = hyperbolic_tangent(c * (z + a * z * z * z));
    const T slope = c * (T(1) + T(3) * a * z * z), curvature = T(6) * c * a * z;
    return {T(0.5) * z * (T(1) + t.value), T(0.5) * (T(1) + t.value + z * t.first * slope),
            t.first * slope + T(0.5) * z * (t.second * slope * slope + t.first * curvature)};
}

template <class T>
Derivatives<T> at(Activation kind, T z) {
    switch (kind) {
        case Activation::silu: return silu(z);
        case Activation::tanh: return hyperbolic_tangent(z);
        case Activation::relu: return {std::max(z, T(0)), z > 0 ? T(1) : T(0), T(0)};
        case Activation::relu6: return {std::clamp(z, T(0), T(6)), z > 0 && z < 6 ? T(1) : T(0), T(0)};
        case Activation::softplus: return softplus(z);
        case Activation::sigmoid: return sigmoid(z);
        case Activation::gelu: return gelu(z);
        case Activation::identity: break;
    }
    return {z, T(1), T(0)};
}

}  // namespace

template <class T>
void activate(const Activate<T>& a) {
    for (long i = 0; i < a.n; ++i) {
        const Derivatives<T> f = at(a.kind, a.z[i]);
        a.value[i] = f.value;
        if (a.first) a.first[i] = f.first;
        if (a.second) a.second[i] = f.second;
    }
}

template void matrix_product<float>(const MatrixProduct<float>&);
template void matrix_product<double>(const MatrixProduct<double>&);
template void activate<float>(const Activate<float>&);
template void activate<double>(const Activate<double>&);

}  // namespace alkali::kernels::reference

namespace alkali::kernels {

template <class T>
const KernelSet<T>& reference_kernels() {
    static const KernelSet<T> set{"reference",
                                  reference::convolution_kernels<T>(),
                                  reference::embedding_kernels<T>(),
                                  reference::triplet_kernels<T>(),
                                  reference::matrix_product<T>,
                                  reference::activate<T>};
    return set;
}
template const KernelSet<float>& reference_kernels<float>();
template const KernelSet<double>& reference_kernels<double>();

}  // namespace alkali::kernels
