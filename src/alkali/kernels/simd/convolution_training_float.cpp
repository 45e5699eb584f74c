#define ALKALI_CONVOLUTION_HALF TrainingKernels<float>
#include "alkali/kernels/simd/convolution_half.inl"
