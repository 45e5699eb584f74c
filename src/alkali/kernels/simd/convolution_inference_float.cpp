#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/convolution_inference_float.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/simd/convolution-inl.hpp"
#include "alkali/kernels/simd/sets.hpp"

#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {

template <class T>
InferenceKernels<T> inference_set() {
    return {forward<T>, backward<T>};
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alkali::kernels::simd {

template <>
std::vector<PerTarget<InferenceKernels<float>>> inference_kernels<float>() {
    std::vector<PerTarget<InferenceKernels<float>>> list;
    ALKALI_ALL_TARGETS(inference_set, float, list)
    return list;
}

}  // namespace alkali::kernels::simd
#endif
