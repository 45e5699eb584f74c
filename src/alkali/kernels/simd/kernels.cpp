#include "alkali/kernels/contract/kernels.hpp"
namespace alkali::kernels {
template <class T> const KernelSet<T>& fastest_kernels() { return reference_kernels<T>(); }
template <class T> std::vector<KernelSet<T>> simd_kernels() { return {}; }
template const KernelSet<float>& fastest_kernels<float>();
template const KernelSet<double>& fastest_kernels<double>();
template std::vector<KernelSet<float>> simd_kernels<float>();
template std::vector<KernelSet<double>> simd_kernels<double>();
}
