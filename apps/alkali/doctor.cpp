#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hwy/targets.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "alkali/config/json.hpp"
#include "alkali/io/compression.hpp"
#include "command.hpp"
#include "output.hpp"
#include "version.hpp"

namespace alkali::app {

namespace {

namespace fs = std::filesystem;

/// One thing looked at. Nothing here is needed to train or run a model: what is missing only closes one door.
struct Check {
    std::string name;
    bool found = true;
    std::string detail;
    std::string serves;   ///< what needs it
    std::string install;  ///< how to get it where it is missing
};

/// The full path of a program, empty if it is not on the PATH.
fs::path find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');)
        if (const auto candidate = fs::path(folder) / name; ::access(candidate.c_str(), X_OK) == 0 && !fs::is_directory(candidate))
            return candidate;
    return {};
}

bool can_load(const char* library) {
    void* handle = ::dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) return false;
    ::dlclose(handle);
    return true;
}

/// Which implementation of the linear algebra that pw.x calls the system has chosen.
Check check_blas() {
    const auto has = [](const char* symbol) {
        void* handle = ::dlopen("libblas.so.3", RTLD_LAZY | RTLD_LOCAL);
        if (!handle) return false;
        const bool found = ::dlsym(handle, symbol) != nullptr;
        ::dlclose(handle);
        return found;
    };
    const bool any = has("dgemm_"), fast = has("openblas_get_config") || has("mkl_get_version") || has("bli_info_get_version_str");
    return {"blas", fast,
            !any   ? "libblas.so.3 does not load"
            : fast ? "an optimised libblas.so.3"
                   : "the reference libblas.so.3: correct, but slow",
            "labels by pw.x in four fifths of the time", "apt-get install libopenblas0-serial"};
}

std::string first_in_file(const fs::path& path, const std::string& key) {
    std::ifstream stream(path);
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(key)) {
            const auto colon = line.find(':');
            const auto start = line.find_first_not_of(" \t", colon + 1);
            return start == std::string::npos ? "" : line.substr(start);
        }
    return {};
}

/// An entry of /proc/meminfo (kB there).
std::string memory(const std::string& key) {
    const double kilobytes = std::strtod(first_in_file("/proc/meminfo", key).c_str(), nullptr);
    return kilobytes > 0 ? fmt::format("{:.1f} GB", kilobytes * 1024e-9) : "an unknown amount";
}

std::string cpu_name() {
    const auto name = first_in_file("/proc/cpuinfo", "model name");
    return name.empty() ? "of unknown name" : name;
}

std::vector<Check> check_machine() {
    std::vector<Check> checks;
    checks.push_back({"alkali", true,
                      fmt::format("{}, built with {} {}", version,
#ifdef __clang__
                                  "clang", __clang_version__
#else
                                  "gcc", __VERSION__
#endif
                                  ),
                      "", ""});
    std::string targets;
    const auto supported = hwy::SupportedTargets();
    for (std::int64_t bit = 1; bit > 0 && bit <= HWY_SCALAR; bit <<= 1)
        if (supported & bit) targets += (targets.empty() ? "" : ", ") + std::string(hwy::TargetName(bit));
    checks.push_back({"cpu", true, fmt::format("{}; vector instructions: {}", cpu_name(), targets), "speed", ""});
    checks.push_back(
        {"threads", true,
         fmt::format("{} used (OMP_NUM_THREADS changes it), {} in the machine", omp_get_max_threads(), std::thread::hardware_concurrency()),
         "speed", ""});
    checks.push_back(
        {"memory", true, fmt::format("{} in all, {} free to use", memory("MemTotal"), memory("MemAvailable")), "large cells", ""});
    const auto compressed = io::compressions();
    checks.push_back({"compressed files", compressed.size() == 3, fmt::format("read and written: {}", fmt::join(compressed, ", ")),
                      "reading .xz and .zst", "apt-get install liblzma-dev libzstd-dev, and build again"});
    return checks;
}

std::size_t count_kim_models() {
    std::size_t count = 0;
    for (const char* root : {"/usr/lib", "/usr/local/lib"}) {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(root, ignored)) {
            const auto models = entry.path() / "kim-api" / "portable-models";
            for (const auto& model : fs::directory_iterator(models, ignored)) count += model.is_directory() ? 1 : 0;
        }
    }
    return count;
}

Check check_program(const std::string& name, const std::string& program, const std::string& serves, const std::string& install) {
    const auto path = find_program(program);
    return {name, !path.empty(), path.empty() ? program + " is not on the PATH" : path.string(), serves, install};
}

std::vector<Check> check_engines() {
    std::vector<Check> checks;
    const bool kim = can_load("libkim-api.so.2");
    checks.push_back({"kim-api", kim, kim ? "libkim-api.so.2 loads" : "libkim-api.so.2 does not load", "calculators kim:MODEL_ID",
                      "apt-get install libkim-api2"});
    const auto models = count_kim_models();
    checks.push_back({"kim-models", models > 0, fmt::format("{} portable models in the system's folders", models),
                      "calculators kim:MODEL_ID", "apt-get install openkim-models"});
    checks.push_back(check_program("mpi", "mpirun", "training on several processes", "apt-get install openmpi-bin"));
    checks.push_back(check_program("lammps", "lmp", "molecular dynamics", "apt-get install lammps"));
    checks.push_back(check_program("quantum-espresso", "pw.x", "making labels", "apt-get install quantum-espresso"));
    checks.push_back(check_blas());
    checks.push_back(check_program("ld1", "ld1.x", "making pseudopotentials", "apt-get install quantum-espresso"));
    checks.push_back(check_program("slurm", "sbatch", "making labels on many machines", "apt-get install slurm-client"));
    checks.push_back(
        check_program("python", "python3", "the Python module, importing models of other programs", "apt-get install python3"));
    return checks;
}

void print_text(const std::vector<Check>& checks) {
    for (const auto& check : checks) {
        print_out("{:<8} {:<17} {}\n", check.found ? "found" : "missing", check.name, check.detail);
        if (!check.found) print_out("{:26} needed for: {}; to get it: {}\n", "", check.serves, check.install);
    }
}

void print_json(const std::vector<Check>& checks) {
    auto list = nlohmann::json::array();
    for (const auto& check : checks)
        list.push_back({{"name", check.name},
                        {"found", check.found},
                        {"detail", check.detail},
                        {"serves", check.serves},
                        {"install", check.found ? "" : check.install}});
    print_out("{}\n", config::json_text({{"schema", 1}, {"checks", list}}, 2));
}

}  // namespace

void add_doctor(CLI::App& app, Context&) {
    auto json = std::make_shared<bool>(false);
    auto* command = app.add_subcommand("doctor", "Tells what this machine offers and what is missing for which purpose");
    command->add_flag("--json", *json, "As JSON on standard output");
    command->footer("Examples:\n  alkali doctor\n  alkali doctor --json");
    command->callback([json] {
        auto checks = check_machine();
        std::ranges::move(check_engines(), std::back_inserter(checks));
        *json ? print_json(checks) : print_text(checks);
    });
}

}  // namespace alkali::app
