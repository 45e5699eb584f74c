#include "program.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "alkali/base/files.hpp"

namespace alkali::cli_test {

namespace fs = std::filesystem;

namespace {

void limit(int resource, std::size_t bytes) {
    if (bytes == 0) return;
    const rlimit both{bytes, bytes};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

int open_output(const Surroundings& surroundings, const fs::path& kept) {
    if (surroundings.output != "|") {
        const auto path = surroundings.output.empty() ? kept : fs::path(surroundings.output);
        return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) ::_exit(126);
    ::close(ends[0]);
    return ends[1];
}

[[noreturn]] void become_program(const std::vector<std::string>& arguments, const fs::path& folder, const Surroundings& surroundings,
                                 const fs::path& out, int err) {
    std::vector<char*> argv{const_cast<char*>(ALKALI_PROGRAM)};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::setenv("OMP_NUM_THREADS", surroundings.threads.c_str(), 1);
    for (const auto& variable : surroundings.variables) ::putenv(const_cast<char*>(variable.c_str()));
    const int out_file = open_output(surroundings, out);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(out_file, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::closefrom(STDERR_FILENO + 1);
    if (::chdir(folder.c_str()) != 0) ::_exit(127);
    for (const int descriptor : surroundings.closed) ::close(descriptor);
    limit(RLIMIT_FSIZE, surroundings.file_size);
    limit(RLIMIT_AS, surroundings.address_space);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

/// The status; the program is killed once its time is over.
int wait_for(pid_t child, double seconds) {
    int status = 0;
    const bool limited = seconds > 0;
    const auto over = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (::waitpid(child, &status, limited ? WNOHANG : 0) == 0) {
        if (std::chrono::steady_clock::now() >= over) ::kill(child, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Outcome run(const std::vector<std::string>& arguments, const fs::path& folder, const Surroundings& surroundings) {
    // Outside the folder, whose content the tests look at. Errors go through a pipe, which has no limit of size.
    const fs::path out = folder.string() + ".out";
    std::array<int, 2> err{};
    if (::pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    ::fcntl(err[0], F_SETPIPE_SZ, 1 << 20);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) become_program(arguments, folder, surroundings, out, err[1]);
    ::close(err[1]);
    Outcome outcome;
    outcome.status = wait_for(child, surroundings.seconds);
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(err[0], piece.data(), piece.size())) > 0;)
        outcome.errors.append(piece.data(), static_cast<std::size_t>(got));
    ::close(err[0]);
    if (fs::exists(out)) outcome.output = base::read_file(out);
    fs::remove(out);
    return outcome;
}

Scratch::Scratch() {
    static std::atomic<int> counter{0};
    path_ = fs::temp_directory_path() / ("alkali_cli_" + std::to_string(::getpid()) + "_" + std::to_string(counter++));
    fs::create_directories(path_);
}

Scratch::~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::vector<std::string> Scratch::content() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(path_))
        if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), path_).generic_string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string good_frames() {
    return R"(4
Lattice="3.4 0.0 0.0 0.0 3.4 0.0 0.0 0.0 6.8" Properties=species:S:1:pos:R:3:forces:R:3 config_type=bulk energy=-42.1 free_energy=-42.1 stress="0.001 0.0 0.0 0.0 0.001 0.0 0.0 0.0 0.001" pbc="T T T"
Li 0.0 0.0 0.1 0.0 0.0 -0.02
Li 1.7 1.7 1.7 0.0 0.0 0.01
Li 0.0 0.0 3.4 0.0 0.0 0.01
Li 1.7 1.7 5.1 0.0 0.0 0.0
4
Lattice="3.5 0.0 0.0 0.0 3.5 0.0 0.0 0.0 7.0" Properties=species:S:1:pos:R:3:forces:R:3 config_type=bulk energy=-42.0 free_energy=-42.0 stress="0.003 0.0 0.0 0.0 0.003 0.0 0.0 0.0 0.003" pbc="T T T"
Li 0.0 0.0 0.0 0.01 0.0 0.0
Li 1.8 1.75 1.75 -0.03 0.0 0.0
Li 0.0 0.0 3.5 0.01 0.0 0.0
Li 1.75 1.75 5.25 0.01 0.0 0.0
)";
}

std::string good_config() {
    return R"(model:
  type: nequip
  type_names: [Li]
  r_max: 4.0
  num_layers: 2
  l_max: 1
  parity: false
  num_features: 4
  num_bessels: 4
  polynomial_cutoff_p: 6
  radial_mlp_depth: 1
  radial_mlp_width: 8
  model_dtype: mixed
data:
  train: data.extxyz
  validation: data.extxyz
training:
  batch_size: 1
  lr: 0.01
  loss_coeffs: {total_energy: 1, forces: 1, stress: 1}
  max_epochs: 2
  seed: 1
)";
}

const std::string& good_model() {
    static const std::string model = [] {
        const Scratch scratch;
        base::write_file(scratch.path() / "data.extxyz", good_frames());
        base::write_file(scratch.path() / "config.yaml", good_config());
        const auto outcome = run({"train", "config.yaml", "--init-only", "-o", "out"}, scratch.path());
        if (outcome.status != 0) throw std::runtime_error("alkali train --init-only failed: " + outcome.all());
        return base::read_file(scratch.path() / "out" / "init.safetensors");
    }();
    return model;
}

void put_good_files(const std::filesystem::path& folder) {
    base::write_file(folder / "data.extxyz", good_frames());
    base::write_file(folder / "config.yaml", good_config());
    base::write_file(folder / "model.safetensors", good_model());
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the text to spoil has no \"" + from + "\"");
    return text.replace(at, from.size(), to);
}

}  // namespace alkali::cli_test
