#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/convolution_float.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/simd/convolution-inl.hpp"
#include "alkali/kernels/simd/sets.hpp"

#if HWY_ONCE
namespace alkali::kernels::simd {

template <>
std::vector<PerTarget<ConvolutionKernels<float>>> convolution_kernels<float>() {
    std::vector<PerTarget<ConvolutionKernels<float>>> list;
    ALKALI_ALL_TARGETS(convolution_set, float, list)
    return list;
}

}  // namespace alkali::kernels::simd
#endif
