#define ALKALI_CONVOLUTION_HALF InferenceKernels<double>
#include "alkali/kernels/simd/convolution_half.inl"
