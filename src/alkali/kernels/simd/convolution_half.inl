// One half of the convolution kernels (ALKALI_CONVOLUTION_HALF: InferenceKernels or TrainingKernels of a type) for all instruction
// sets. Each half is a file of its own because together they would take minutes to compile.
#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/convolution_half.inl"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/simd/convolution_tangent-inl.hpp"
#include "alkali/kernels/simd/sets.hpp"

#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {

template <class T>
void take(InferenceKernels<T>& half) {
    half = {forward<T>, backward<T>};
}
template <class T>
void take(TrainingKernels<T>& half) {
    half = {tangent<T>, tangent_backward<T>};
}
template <class Half>
Half convolution_half() {
    Half half;
    take(half);
    return half;
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alkali::kernels::simd {

template <>
std::vector<PerTarget<ALKALI_CONVOLUTION_HALF>> convolution_halves<ALKALI_CONVOLUTION_HALF>() {
    std::vector<PerTarget<ALKALI_CONVOLUTION_HALF>> list;
    ALKALI_ALL_TARGETS(convolution_half, ALKALI_CONVOLUTION_HALF, list)
    return list;
}

}  // namespace alkali::kernels::simd
#endif
