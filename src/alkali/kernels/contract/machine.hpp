#pragma once
#include <string>
#include <vector>

/// What this machine can do at best, measured when asked: the ceilings of a roofline.
namespace alkali::kernels {

struct Peak {
    std::string instruction_set;  ///< as KernelSet::name
    double gflops = 0;            ///< 1e9 operations per second of all threads together, a multiply-add counted as two
};

/// Multiply-adds on registers alone, in every instruction set of this processor, fastest set first; the best of several
/// short runs (about 0.1 s a set). T: float or double. Empty where no SIMD kernels run.
template <class T>
[[nodiscard]] std::vector<Peak> measured_peaks(int threads);
/// The highest of them, GFLOP/s; 0 where there are none.
template <class T>
[[nodiscard]] double measured_peak(int threads);

/// Bytes per second read from and written to memory by a(i) = b(i) + s c(i) over arrays far beyond the caches (192 MB
/// together, freed again), 3 x 8 bytes per i; the best of several runs. As STREAM's triad counts.
[[nodiscard]] double measured_bandwidth(int threads);

}  // namespace alkali::kernels
