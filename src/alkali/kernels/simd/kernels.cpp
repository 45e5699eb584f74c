#include <hwy/targets.h>

#include "alkali/base/error.hpp"
#include "alkali/kernels/simd/sets.hpp"

namespace alkali::kernels {
namespace {

template <class Function>
const Function& of_target(const std::vector<simd::PerTarget<Function>>& list, std::int64_t target) {
    for (const auto& entry : list)
        if (entry.target == target) return entry.function;
    throw InternalError("a kernel was not compiled for an instruction set that another has");
}

}  // namespace

template <class T>
std::vector<KernelSet<T>> simd_kernels() {
    std::vector<KernelSet<T>> sets;
    const auto products = simd::matrix_product_kernels<T>();
    const auto embeddings = simd::embedding_kernels<T>();
    const auto triplets = simd::triplet_kernels<T>();
    const auto activations = simd::activation_kernels<T>();
    const auto trainings = simd::convolution_halves<simd::TrainingKernels<T>>();
    for (const auto& [target, inference] : simd::convolution_halves<simd::InferenceKernels<T>>()) {
        if ((hwy::SupportedTargets() & target) == 0) continue;
        const auto& training = of_target(trainings, target);
        sets.push_back({hwy::TargetName(target),
                        {inference.forward, inference.backward, training.tangent, training.tangent_backward},
                        of_target(embeddings, target),
                        of_target(triplets, target),
                        of_target(products, target),
                        of_target(activations, target)});
    }
    return sets;
}

template <class T>
const KernelSet<T>& fastest_kernels() {
    static const std::vector<KernelSet<T>> sets = simd_kernels<T>();
    return sets.empty() ? reference_kernels<T>() : sets.front();
}

template <class T>
const KernelSet<T>& kernels_named(const std::string& name) {
    if (name.empty()) return fastest_kernels<T>();
    if (name == "reference") return reference_kernels<T>();
    static const std::vector<KernelSet<T>> sets = simd_kernels<T>();
    for (const auto& set : sets)
        if (set.name == name) return set;
    throw InputError("this processor has no instruction set '" + name + "'");
}

template const KernelSet<float>& kernels_named<float>(const std::string&);
template const KernelSet<double>& kernels_named<double>(const std::string&);
template std::vector<KernelSet<float>> simd_kernels<float>();
template std::vector<KernelSet<double>> simd_kernels<double>();
template const KernelSet<float>& fastest_kernels<float>();
template const KernelSet<double>& fastest_kernels<double>();

}  // namespace alkali::kernels
