#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/base/random.hpp"
#include "alkali/structure/structure.hpp"
#include "command.hpp"

namespace alkali::app {
namespace {

// What every benchmark of alkali runs on, so that figures can be compared: cubic bcc cells of lithium's lattice constant.
constexpr double lattice_constant = 3.434;  // angstrom
constexpr double rattle = 0.05;             // angstrom, standard deviation of each component
constexpr std::uint64_t seed = 1;

struct BenchmarkArguments {
    std::string calculator;
    std::vector<std::size_t> atoms = {54, 432, 2000};
    std::vector<int> threads = {1};
    std::vector<std::string> precisions = {""};
    double seconds = 2;
    std::filesystem::path json;
};

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

/// Shortest wall time of one compute(), in seconds: what the machine does when nothing else disturbs it.
double time_of(calculator::Calculator& calculator, const structure::Structure& structure, double seconds) {
    using Clock = std::chrono::steady_clock;
    static_cast<void>(calculator.compute(structure));  // memory, caches
    double best = INFINITY, total = 0;
    for (int runs = 0; runs < 3 || total < seconds; ++runs) {
        const auto start = Clock::now();
        static_cast<void>(calculator.compute(structure));
        const double took = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::min(best, took);
        total += took;
    }
    return best;
}

void run_benchmark(const BenchmarkArguments& arguments, Context& context) {
    nlohmann::json results = nlohmann::json::array();
    fmt::print("{:>8} {:>8} {:>10} {:>12} {:>12}\n", "atoms", "threads", "precision", "us/atom", "peak MB");
    for (const auto& precision : arguments.precisions)
        for (const int threads : arguments.threads)
            for (const auto atoms : arguments.atoms) {
                omp_set_num_threads(threads);
                const auto calculator = context.calculators.open(arguments.calculator, {precision, threads}, context.log);
                const auto species = calculator->species();
                const auto structure = rattled_bcc(atoms, species.empty() ? 3 : species[0]);
                std::string used = precision;
                for (const auto& [key, value] : calculator->provenance())
                    if (key == "precision") used = value;
                base::reset_peak_resident_bytes();
                const double microseconds =
                    1e6 * time_of(*calculator, structure, arguments.seconds) / static_cast<double>(structure.size());
                const auto peak = base::peak_resident_bytes();
                // No model counts its operations yet: an honest null rather than a guess.
                results.push_back({{"atoms", structure.size()},
                                   {"threads", threads},
                                   {"precision", used.empty() ? "float64" : used},
                                   {"us_per_atom", microseconds},
                                   {"gflops", nullptr},
                                   {"peak_rss_bytes", peak}});
                fmt::print("{:>8} {:>8} {:>10} {:>12.2f} {:>12.0f}\n", structure.size(), threads,
                           results.back()["precision"].get<std::string>(), microseconds, static_cast<double>(peak) / 1e6);
            }
    if (!arguments.json.empty()) base::write_file(arguments.json, results.dump(2) + "\n");
}

}  // namespace

void add_benchmark(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<BenchmarkArguments>();
    auto* command = app.add_subcommand("benchmark", "Time and memory of energy, forces and stress");
    command->add_option("calculator", arguments->calculator, "Model file, kim:MODEL_ID, ...")->required()->type_name("CALC");
    command->add_option("--atoms", arguments->atoms, "Sizes; the nearest cubic bcc cell is taken (54, 432, 2000, 16000)")
        ->delimiter(',')
        ->capture_default_str();
    command->add_option("--threads", arguments->threads, "Numbers of threads")
        ->delimiter(',')
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command->add_option("--precision", arguments->precisions, "float32, mixed, float64; default: as the model says")->delimiter(',');
    command->add_option("--seconds", arguments->seconds, "Time to spend on each")->capture_default_str();
    command
        ->add_option("--json", arguments->json,
                     "Write {atoms, threads, precision, us_per_atom, gflops, peak_rss_bytes} of each to this file")
        ->type_name("FILE");
    command->footer(
        "Cubic bcc cells, a = 3.434 angstrom, 0.05 angstrom Gaussian rattle, fixed seed; neighbour list included; shortest of the runs.\n"
        "Examples:\n"
        "  alkali benchmark out/nequip/best.safetensors --atoms 54,2000 --threads 1,2 --json speed.json");
    command->callback([arguments, &context] { run_benchmark(*arguments, context); });
}

}  // namespace alkali::app
