#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/base/profile.hpp"
#include "alkali/calculator/calculator.hpp"

/// Timing of one calculator on one structure, and what its figures mean for this machine.
namespace alkali::app {

/// How long to measure.
struct Effort {
    int repeat = 3;      ///< at least so many runs
    double seconds = 2;  ///< and at least so long
};

/// What the machine does at best with so many threads. Zero: not measured.
struct Ceilings {
    double float32_gflops = 0, float64_gflops = 0;
    double gigabytes_per_second = 0;  ///< memory, STREAM triad
    [[nodiscard]] double gflops(const std::string& precision) const { return precision == "float64" ? float64_gflops : float32_gflops; }
};
[[nodiscard]] Ceilings measure_ceilings(int threads);

struct Timing {
    std::size_t atoms = 0;
    std::vector<double> seconds;  ///< of each run of compute(), ascending
    double cpu_seconds = 0;       ///< CPU time of all threads, least of all runs
    double profiled_seconds = 0;  ///< of the shortest run with a profile
    base::Profile profile;        ///< of that run
    std::int64_t peak_bytes = 0;  ///< largest resident memory while it ran
    std::int64_t base_bytes = 0;  ///< resident memory before the structure existed, model loaded
    bool memory_known = true;     ///< false where the system does not tell (no /proc)

    [[nodiscard]] double shortest() const { return seconds.front(); }
    [[nodiscard]] double median() const;
    /// 1e9 counted operations per second of the shortest run; 0 where the calculator does not count.
    [[nodiscard]] double gflops() const { return 1e-9 * profile.operations() / shortest(); }
    [[nodiscard]] double bytes_per_atom() const { return static_cast<double>(peak_bytes - base_bytes) / static_cast<double>(atoms); }
};

/// A cubic bcc cell of `number` with about `atoms` atoms: lithium's lattice constant, rattled, always the same.
[[nodiscard]] structure::Structure rattled_bcc(std::size_t atoms, int number);

/// Runs without a profile first, then as many with one.
[[nodiscard]] Timing measure(calculator::Calculator& calculator, std::size_t atoms, const Effort& effort);

/// `parts` of the JSON: {name: {us_per_atom, operations_per_atom, gflops, share_of_peak}}, null where something is not known;
/// `other` is the rest of the run. peak_gflops: 0 if not measured.
[[nodiscard]] nlohmann::json parts_json(const Timing& timing, double peak_gflops);

}  // namespace alkali::app
