#pragma once

namespace alkali::kernels {

enum class Activation {
    identity,
    silu,
    tanh,
    relu,
    relu6,
    softplus,
    sigmoid,
    gelu  ///< by tanh: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
};

/// f(z) and its first two derivatives, elementwise, for n values, a multiple of lane_padding; first and second may be null.
template <class T>
struct Activate {
    Activation kind = Activation::silu;
    long n = 0;
    const T* z = nullptr;
    T* value = nullptr;
    T* first = nullptr;
    T* second = nullptr;
};

template <class T>
using ActivationKernel = void (*)(const Activate<T>&);

}  // namespace alkali::kernels
