#include <fmt/format.h>
#include <omp.h>

#include <map>
#include <memory>

#include "alkali/base/files.hpp"
#include "alkali/config/json.hpp"
#include "benchmark_measure.hpp"
#include "calculator_options.hpp"
#include "calculators.hpp"
#include "command.hpp"
#include "output.hpp"

namespace alkali::app {
namespace {

constexpr std::size_t most_atoms = 1'000'000'000;
constexpr double most_seconds = 86400;

struct BenchmarkArguments {
    CalculatorChoice choice;
    std::vector<std::size_t> atoms = {54, 432, 2000};
    std::vector<int> threads = {1};
    std::vector<std::string> precisions = {""};
    Effort effort;
    bool ceilings = true;
    bool parts = false;
    std::filesystem::path json;
};

std::string number(const nlohmann::json& value, int digits, double factor = 1) {
    return value.is_null() ? "-" : fmt::format("{:.{}f}", factor * value.get<double>(), digits);
}

/// One entry of the JSON list.
nlohmann::json result_json(const Timing& timing, int threads, const std::string& precision, const Ceilings& ceilings) {
    const auto atoms = static_cast<double>(timing.atoms);
    const double gflops = timing.gflops(), peak = ceilings.gflops(precision);
    const auto known = [](double value) { return value > 0 ? nlohmann::json(value) : nlohmann::json(nullptr); };
    const auto of_memory = [&](auto bytes) { return timing.memory_known ? nlohmann::json(bytes) : nlohmann::json(nullptr); };
    return {{"atoms", timing.atoms},
            {"threads", threads},
            {"precision", precision},
            {"us_per_atom", 1e6 * timing.shortest() / atoms},
            {"us_per_atom_median", 1e6 * timing.median() / atoms},
            {"cpu_us_per_atom", 1e6 * timing.cpu_seconds / atoms},
            {"runs", timing.seconds.size()},
            {"gflops", known(gflops)},
            {"operations_per_atom", known(timing.profile.operations() / atoms)},
            {"peak_gflops", known(peak)},
            {"share_of_peak", known(peak > 0 ? gflops / peak : 0)},
            {"bandwidth_gb_per_s", known(ceilings.gigabytes_per_second)},
            {"peak_rss_bytes", of_memory(timing.peak_bytes)},
            {"base_rss_bytes", of_memory(timing.base_bytes)},
            {"bytes_per_atom", of_memory(timing.bytes_per_atom())},
            {"parts", parts_json(timing, peak)}};
}

/// What the model says; those that say nothing offer no choice. A committee's where its members agree.
std::string precision_used(calculator::Calculator& calculator) {
    std::string used;
    for (auto* member : calculator.members()) {
        const auto own = precision_used(*member);
        used = used.empty() || used == own ? own : "several";
    }
    for (const auto& [key, value] : calculator.provenance())
        if (key == "precision") used = value;
    return used.empty() ? "float64" : used;
}

void print_parts(const nlohmann::json& parts) {
    for (const auto& [name, part] : parts.items())
        print_out("    {:<26} {:>10} us/atom {:>8} GFLOP/s {:>6} % of peak\n", name, number(part["us_per_atom"], 2),
                  number(part["gflops"], 1), number(part["share_of_peak"], 1, 100));
}

void run_benchmark(const BenchmarkArguments& arguments, Context& context) {
    nlohmann::json results = nlohmann::json::array();
    std::map<int, Ceilings> ceilings;
    const auto calculators = make_calculators(ThreadUse::exactly);
    for (const int threads : arguments.threads) {
        auto& ceiling = ceilings[threads];
        if (!arguments.ceilings || ceiling.float32_gflops > 0) continue;
        ceiling = measure_ceilings(threads);
        print_out("{} thread{}: at best {:.0f} GFLOP/s in float32, {:.0f} in float64, {:.1f} GB/s of memory\n", threads,
                  threads == 1 ? "" : "s", ceiling.float32_gflops, ceiling.float64_gflops, ceiling.gigabytes_per_second);
    }
    print_out("{:>8} {:>8} {:>10} {:>12} {:>12} {:>10} {:>8} {:>10} {:>12}\n", "atoms", "threads", "precision", "us/atom", "median",
              "GFLOP/s", "% peak", "peak MB", "bytes/atom");
    for (const auto& precision : arguments.precisions)
        for (const int threads : arguments.threads)
            for (const auto atoms : arguments.atoms) {
                omp_set_num_threads(threads);
                const auto calculator = calculators.open(arguments.choice.text(), {precision, threads}, context.log);
                const std::string used = precision_used(*calculator);
                const Timing timing = measure(*calculator, atoms, arguments.effort);
                results.push_back(result_json(timing, threads, used, ceilings[threads]));
                const auto& r = results.back();
                print_out("{:>8} {:>8} {:>10} {:>12} {:>12} {:>10} {:>8} {:>10} {:>12}\n", timing.atoms, threads, used,
                          number(r["us_per_atom"], 2), number(r["us_per_atom_median"], 2), number(r["gflops"], 1),
                          number(r["share_of_peak"], 1, 100), number(r["peak_rss_bytes"], 0, 1e-6), number(r["bytes_per_atom"], 0));
                if (arguments.parts) print_parts(r["parts"]);
            }
    if (!arguments.json.empty()) base::write_file(arguments.json, config::json_text(results, 2) + "\n");
}

}  // namespace

void add_benchmark(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<BenchmarkArguments>();
    auto* command = app.add_subcommand("benchmark", "Time, memory and share of the machine's peak of energy, forces and stress");
    context.paths.reads_calculator(
        command->add_option("calculator", arguments->choice.calculator, "Model file (several with commas: a committee), kim:MODEL_ID, ...")
            ->required()
            ->type_name("CALC"));
    command->add_option("--atoms", arguments->atoms, "Sizes; the nearest cubic bcc cell is taken (54, 432, 2000, 16000, 128000)")
        ->delimiter(',')
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, most_atoms));
    command->add_option("--threads", arguments->threads, "Numbers of threads")
        ->delimiter(',')
        ->capture_default_str()
        ->check(thread_count(1));
    command->add_option("--precision", arguments->precisions, "float32, mixed, float64; default: as the model says")->delimiter(',');
    context.paths.reads_calculator(add_member_option(*command, arguments->choice.members));
    command->add_option("--seconds", arguments->effort.seconds, "Least time to spend on each")
        ->capture_default_str()
        ->check(CLI::Range(0.0, most_seconds));
    command->add_option("--repeat", arguments->effort.repeat, "Least number of runs of each")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command->add_flag("--parts", arguments->parts, "Print where the time goes (the JSON always has it)");
    command->add_flag("!--no-peak", arguments->ceilings, "Leave the machine's peak and bandwidth unmeasured");
    context.paths.writes(
        command
            ->add_option("--json", arguments->json,
                         "Write {atoms, threads, precision, us_per_atom, gflops, peak_rss_bytes, parts, ...} of each to this file")
            ->type_name("FILE"));
    command->footer(
        "Cubic bcc cells, a = 3.434 angstrom, 0.05 angstrom Gaussian rattle, fixed seed; neighbour list included; us/atom of the\n"
        "shortest run and of the median. GFLOP/s: operations of the model's formulas, none twice (docs/performance.md).\n"
        "Examples:\n"
        "  alkali benchmark out/nequip/best.safetensors --atoms 54,2000 --threads 1,2 --parts --json speed.json\n"
        "  alkali benchmark kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000 --atoms 2000 --repeat 5");
    command->callback([arguments, &context] { run_benchmark(*arguments, context); });
}

}  // namespace alkali::app
