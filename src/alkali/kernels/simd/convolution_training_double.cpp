#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/convolution_training_double.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/simd/convolution_tangent-inl.hpp"
#include "alkali/kernels/simd/sets.hpp"

#if ALKALI_VECTORISED
HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {

template <class T>
TrainingKernels<T> training_set() {
    return {tangent<T>, tangent_backward<T>};
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace alkali::kernels::simd {

template <>
std::vector<PerTarget<TrainingKernels<double>>> training_kernels<double>() {
    std::vector<PerTarget<TrainingKernels<double>>> list;
    ALKALI_ALL_TARGETS(training_set, double, list)
    return list;
}

}  // namespace alkali::kernels::simd
#endif
