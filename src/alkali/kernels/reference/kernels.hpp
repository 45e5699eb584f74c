#pragma once
#include "alkali/kernels/contract/kernels.hpp"

namespace alkali::kernels::reference {

template <class T>
[[nodiscard]] ConvolutionKernels<T> convolution_kernels();
template <class T>
[[nodiscard]] EmbeddingKernels<T> embedding_kernels();
template <class T>
[[nodiscard]] TripletKernels<T> triplet_kernels();
template <class T>
void matrix_product(const MatrixProduct<T>& product);
template <class T>
void activate(const Activate<T>& activation);

}  // namespace alkali::kernels::reference
