#pragma once

namespace alkali::kernels {

enum class Activation { identity, silu, tanh };

/// f(z) and its first two derivatives, elementwise, for n values; first and second may be null.
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
