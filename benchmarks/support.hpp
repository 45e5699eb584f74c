#pragma once
#include <benchmark/benchmark.h>

#include <type_traits>

#include "alkali/base/aligned.hpp"
#include "alkali/base/random.hpp"
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/nequip/hyperparameters.hpp"

/// What the micro-benchmarks share. All run on one thread.
namespace alkali::benchmarks {

/// Measured peaks of one thread, in every instruction set.
class Peaks {
public:
    Peaks();
    /// Of the fastest instruction set, GFLOP/s.
    template <class T>
    [[nodiscard]] double of() const {
        return std::is_same_v<T, float> ? float32_ : float64_;
    }

private:
    double float32_ = 0, float64_ = 0;
};

// One function per file; each registers its benchmarks.
void add_convolution(const Peaks& peaks);
void add_matrix_product(const Peaks& peaks);
void add_activation(const Peaks& peaks);
void add_structure(const Peaks& peaks);
void add_nequip(const Peaks& peaks);

/// Counters GFLOP/s (`operations` per iteration, a multiply-add is two) and, where a peak is known, the share of it in percent.
void count_operations(benchmark::State& state, double operations, double peak_gflops);

/// n^3 cubic cells of bcc lithium, a = 3.434 angstrom, 0.05 angstrom Gaussian rattle, the same every time.
[[nodiscard]] structure::Structure crystal(int n);
/// Its graph up to `cutoff` angstrom.
[[nodiscard]] models::StructureGraph crystal_graph(int n, double cutoff);
/// 4 layers, 32 features, 8 Bessel functions, radial network 2 x 64, cutoff 6 angstrom, no parity.
[[nodiscard]] models::nequip::Hyperparameters hyperparameters(int l_max, models::Precision precision);

template <class T>
[[nodiscard]] base::AlignedVector<T> random_values(std::size_t size, std::uint64_t seed = 1) {
    base::Random random(seed);
    base::AlignedVector<T> values(size);
    for (T& value : values) value = static_cast<T>(random.normal());
    return values;
}

template <class T>
[[nodiscard]] const char* type_name() {
    return std::is_same_v<T, float> ? "float32" : "float64";
}

/// The plain loops and every SIMD set of this processor.
template <class T>
[[nodiscard]] std::vector<kernels::KernelSet<T>> all_kernels() {
    auto sets = kernels::simd_kernels<T>();
    sets.push_back(kernels::reference_kernels<T>());
    return sets;
}

}  // namespace alkali::benchmarks
