#include "alkali/kernels/simd/target_list.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alkali/kernels/simd/machine.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "alkali/kernels/contract/machine.hpp"
#include "alkali/kernels/simd/sets.hpp"

HWY_BEFORE_NAMESPACE();
namespace alkali::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The inner loop of a matrix product without its loads: independent sums hide the latency of a multiply-add (4 or 5 cycles,
/// two units) and fit the 16 registers of AVX2. They begin with different values, or the compiler would see that all are
/// one. Returns the operations done. `sink` keeps the result alive.
template <class T>
double multiply_add(long rounds, T* sink) {
    constexpr int sums = 12;
    const hn::ScalableTag<T> d;
    const auto factor = hn::Set(d, T(0.999)), term = hn::Set(d, T(0.001));
    hn::Vec<decltype(d)> s[sums];
    for (int k = 0; k < sums; ++k) s[k] = hn::Set(d, sink[0] + T(k));
    for (long i = 0; i < rounds; ++i)
        for (int k = 0; k < sums; ++k) s[k] = hn::MulAdd(s[k], factor, term);
    for (int k = 1; k < sums; ++k) s[0] = hn::Add(s[0], s[k]);
    sink[0] = hn::GetLane(s[0]);
    return 2.0 * sums * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

template <class T>
double (*multiply_add_kernel())(long, T*) {
    return multiply_add<T>;
}

}  // namespace alkali::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <hwy/targets.h>

#include <algorithm>
#include <chrono>
#include <memory>

namespace alkali::kernels {
namespace simd {

template <class T>
using MultiplyAdd = double (*)(long, T*);

template <class T>
std::vector<PerTarget<MultiplyAdd<T>>> multiply_add_kernels() {
    std::vector<PerTarget<MultiplyAdd<T>>> list;
    ALKALI_ALL_TARGETS(multiply_add_kernel, T, list)
    return list;
}

}  // namespace simd

namespace {

using Clock = std::chrono::steady_clock;
constexpr int runs = 5;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Best rate of one kernel on `threads` threads at once.
template <class T>
double best_rate(simd::MultiplyAdd<T> kernel, int threads) {
    constexpr long rounds = 1 << 22;  // about 10 ms: far more than starting a team takes, less than a scheduler's turn
    double best = 0;
    for (int run = 0; run < runs; ++run) {
        double operations = 0;
        const auto start = Clock::now();
#pragma omp parallel num_threads(threads) reduction(+ : operations)
        {
            T sink = T(0.5);
            operations += kernel(rounds, &sink);
            // Never true: the sums tend to one.
            if (sink > T(1e30)) operations = 0;
        }
        best = std::max(best, operations / since(start));
    }
    return best;
}

}  // namespace

template <class T>
std::vector<Peak> measured_peaks(int threads) {
    std::vector<Peak> peaks;
    for (const auto& kernel : simd::multiply_add_kernels<T>())
        if ((hwy::SupportedTargets() & kernel.target) != 0)
            peaks.push_back({hwy::TargetName(kernel.target), 1e-9 * best_rate<T>(kernel.function, threads)});
    return peaks;
}

template <class T>
double measured_peak(int threads) {
    double best = 0;
    for (const Peak& peak : measured_peaks<T>(threads)) best = std::max(best, peak.gflops);
    return best;
}

template std::vector<Peak> measured_peaks<float>(int threads);
template std::vector<Peak> measured_peaks<double>(int threads);
template double measured_peak<float>(int threads);
template double measured_peak<double>(int threads);

double measured_bandwidth(int threads) {
    constexpr long size = 8'000'000;
    // Uninitialised on purpose: each thread touches its own pages first, as it will later.
    const std::unique_ptr<double[]> a(new double[size]), b(new double[size]), c(new double[size]);
    double *to = a.get(), *left = b.get(), *right = c.get();
    double best = 0;
    for (int run = 0; run <= runs; ++run) {
        const auto start = Clock::now();
        if (run == 0) {
#pragma omp parallel for schedule(static) num_threads(threads)
            for (long i = 0; i < size; ++i) {
                to[i] = 0;
                left[i] = static_cast<double>(i);
                right[i] = 1;
            }
        } else {
            const double factor = run;
#pragma omp parallel for simd schedule(static) num_threads(threads)
            for (long i = 0; i < size; ++i) to[i] = left[i] + factor * right[i];
            best = std::max(best, 3.0 * sizeof(double) * static_cast<double>(size) / since(start));
        }
    }
    return best;
}

}  // namespace alkali::kernels
#endif
