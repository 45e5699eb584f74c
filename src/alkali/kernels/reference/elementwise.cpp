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

}  // namespace

template <class T>
void activate(const Activate<T>& a) {
    for (long i = 0; i < a.n; ++i) {
        Derivatives<T> f{a.z[i], T(1), T(0)};
        if (a.kind == Activation::silu) f = silu(a.z[i]);
        if (a.kind == Activation::tanh) f = hyperbolic_tangent(a.z[i]);
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
