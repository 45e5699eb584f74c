#define ALKALI_CONVOLUTION_HALF InferenceKernels<float>
#include "alkali/kernels/simd/convolution_half.inl"
