#include "benchmark_measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "alkali/base/process.hpp"
#include "alkali/base/random.hpp"
#include "alkali/kernels/contract/machine.hpp"

namespace alkali::app {
namespace {

// What every benchmark of alkali runs on, so that figures can be compared: cubic bcc cells of lithium's lattice constant.
constexpr double lattice_constant = 3.434;  // angstrom
constexpr double rattle = 0.05;             // angstrom, standard deviation of each component
constexpr std::uint64_t seed = 1;

double timed(calculator::Calculator& calculator, const structure::Structure& structure, base::Profile* profile) {
    using Clock = std::chrono::steady_clock;
    const calculator::Request request{false, profile};
    const auto start = Clock::now();
    static_cast<void>(calculator.compute(structure, request));
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Calls run() until both bounds of the effort are met.
template <class Run>
void repeat(const Effort& effort, Run run) {
    double total = 0;
    for (int runs = 0; runs < effort.repeat || total < effort.seconds; ++runs) total += run();
}

nlohmann::json known(double value) { return value > 0 ? nlohmann::json(value) : nlohmann::json(nullptr); }

}  // namespace

double Timing::median() const {
    const std::size_t n = seconds.size();
    return n % 2 == 1 ? seconds[n / 2] : 0.5 * (seconds[n / 2 - 1] + seconds[n / 2]);
}

Ceilings measure_ceilings(int threads) {
    return {kernels::measured_peak<float>(threads), kernels::measured_peak<double>(threads), 1e-9 * kernels::measured_bandwidth(threads)};
}

structure::Structure rattled_bcc(std::size_t atoms, int number) {
    const int n = std::max(1, static_cast<int>(std::lround(std::cbrt(static_cast<double>(atoms) / 2))));
    const structure::Structure cell{
        structure::Cell::cubic(lattice_constant), {number, number}, {Vec3::Zero(), Vec3::Constant(lattice_constant / 2)}};
    auto crystal = structure::repeated(cell, {n, n, n});
    base::Random random(seed);
    for (auto& position : crystal.positions)
        for (int k = 0; k < 3; ++k) position[k] += rattle * random.normal();
    return crystal;
}

Timing measure(calculator::Calculator& calculator, std::size_t atoms, const Effort& effort) {
    Timing timing;
    base::return_free_memory();
    timing.memory_known = base::reset_peak_resident_bytes();
    timing.base_bytes = base::peak_resident_bytes();
    const auto species = calculator.species();
    const auto structure = rattled_bcc(atoms, species.empty() ? 3 : species[0]);
    timing.atoms = structure.size();
    static_cast<void>(calculator.compute(structure));  // memory, caches
    timing.cpu_seconds = INFINITY;
    repeat(effort, [&] {
        const double cpu = base::process_cpu_seconds();
        timing.seconds.push_back(timed(calculator, structure, nullptr));
        timing.cpu_seconds = std::min(timing.cpu_seconds, base::process_cpu_seconds() - cpu);
        return timing.seconds.back();
    });
    std::sort(timing.seconds.begin(), timing.seconds.end());
    timing.peak_bytes = base::peak_resident_bytes();
    timing.profiled_seconds = INFINITY;
    repeat(effort, [&] {
        base::Profile profile;
        const double seconds = timed(calculator, structure, &profile);
        if (seconds < timing.profiled_seconds) {
            timing.profiled_seconds = seconds;
            timing.profile = std::move(profile);
        }
        return seconds;
    });
    return timing;
}

nlohmann::json parts_json(const Timing& timing, double peak_gflops) {
    nlohmann::json parts = nlohmann::json::object();
    if (timing.profile.parts().empty()) return parts;
    const auto atoms = static_cast<double>(timing.atoms);
    for (const auto& part : timing.profile.parts()) {
        const double gflops = part.seconds > 0 ? 1e-9 * part.operations / part.seconds : 0;
        parts[part.name] = {{"us_per_atom", known(1e6 * part.seconds / atoms)},
                            {"operations_per_atom", known(part.operations / atoms)},
                            {"gflops", known(gflops)},
                            {"share_of_peak", known(peak_gflops > 0 ? gflops / peak_gflops : 0)}};
    }
    const double other = std::max(0.0, timing.profiled_seconds - timing.profile.seconds());
    parts["other"] = {
        {"us_per_atom", 1e6 * other / atoms}, {"operations_per_atom", nullptr}, {"gflops", nullptr}, {"share_of_peak", nullptr}};
    return parts;
}

}  // namespace alkali::app
