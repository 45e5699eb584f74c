#pragma once
#include <cstdint>
#include <vector>

#include "alkali/kernels/contract/kernels.hpp"

namespace alkali::kernels::simd {

/// A kernel as compiled for one instruction set (a HWY_* target bit).
template <class Function>
struct PerTarget {
    std::int64_t target = 0;
    Function function;
};

/// The halves of ConvolutionKernels, compiled apart.
template <class T>
struct InferenceKernels {
    void (*forward)(const ConvolveForward<T>&, int begin, int end);
    void (*backward)(const ConvolveBackward<T>&, int begin, int end);
};
template <class T>
struct TrainingKernels {
    void (*tangent)(const ConvolveTangent<T>&, int begin, int end);
    void (*tangent_backward)(const ConvolveTangentBackward<T>&, int begin, int end);
};

template <class Half>
[[nodiscard]] std::vector<PerTarget<Half>> convolution_halves();
template <class T>
[[nodiscard]] std::vector<PerTarget<EmbeddingKernels<T>>> embedding_kernels();
template <class T>
[[nodiscard]] std::vector<PerTarget<TripletKernels<T>>> triplet_kernels();
template <class T>
[[nodiscard]] std::vector<PerTarget<MatrixProductKernel<T>>> matrix_product_kernels();
template <class T>
[[nodiscard]] std::vector<PerTarget<ActivationKernel<T>>> activation_kernels();

}  // namespace alkali::kernels::simd

// For the HWY_ONCE part of a kernel file: Highway has compiled `name` into a namespace per target.
#if HWY_TARGETS & HWY_AVX3
#define ALKALI_AVX3(name, type, list) (list).push_back({HWY_AVX3, N_AVX3::name<type>()});
#else
#define ALKALI_AVX3(name, type, list)
#endif
#if HWY_TARGETS & HWY_AVX2
#define ALKALI_AVX2(name, type, list) (list).push_back({HWY_AVX2, N_AVX2::name<type>()});
#else
#define ALKALI_AVX2(name, type, list)
#endif
#if HWY_TARGETS & HWY_SSE4
#define ALKALI_SSE4(name, type, list) (list).push_back({HWY_SSE4, N_SSE4::name<type>()});
#else
#define ALKALI_SSE4(name, type, list)
#endif
#define ALKALI_ALL_TARGETS(name, type, list) ALKALI_AVX3(name, type, list) ALKALI_AVX2(name, type, list) ALKALI_SSE4(name, type, list)
