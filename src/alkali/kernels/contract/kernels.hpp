#pragma once
#include <string>
#include <vector>

#include "alkali/kernels/contract/activation.hpp"
#include "alkali/kernels/contract/convolution.hpp"
#include "alkali/kernels/contract/embedding.hpp"
#include "alkali/kernels/contract/linear.hpp"
#include "alkali/kernels/contract/triplet.hpp"

namespace alkali::kernels {

/// Everything the models need, in one precision, from one implementation.
template <class T>
struct KernelSet {
    std::string name;  ///< "reference", or the instruction set: "SSE4", "AVX2", "AVX3" (AVX-512)
    ConvolutionKernels<T> convolution;
    EmbeddingKernels<T> embedding;
    TripletKernels<T> triplet;
    MatrixProductKernel<T> matrix_product;
    ActivationKernel<T> activation;
};

/// Plain loops, one to read.
template <class T>
[[nodiscard]] const KernelSet<T>& reference_kernels();
/// The fastest set this processor runs.
template <class T>
[[nodiscard]] const KernelSet<T>& fastest_kernels();
/// All SIMD sets this processor runs, fastest first.
template <class T>
[[nodiscard]] std::vector<KernelSet<T>> simd_kernels();

/// Empty: the fastest; "reference"; or the name of a SIMD set. Errors: InputError where this processor has no such instruction set.
template <class T>
[[nodiscard]] const KernelSet<T>& kernels_named(const std::string& name);

}  // namespace alkali::kernels
