#define ALKALI_CONVOLUTION_HALF TrainingKernels<double>
#include "alkali/kernels/simd/convolution_half.inl"
