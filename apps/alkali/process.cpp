#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <system_error>

#include "alkali/base/error.hpp"

extern char** environ;

namespace alkali::app {

namespace {

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto got = ::read(descriptor, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Starts it with both outputs on `descriptor`; gives errno of the failure, 0 for none.
int spawn(const std::string& program, std::vector<char*>& arguments, int descriptor, pid_t& child) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, descriptor, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t usual;  // what this program ignores, others need not
    sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGXFSZ}) sigaddset(&usual, signal);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int failure = ::posix_spawnp(&child, program.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

}  // namespace

ProcessOutcome run_process(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<std::string> owned{program};
    owned.insert(owned.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& argument : owned) pointers.push_back(argument.data());
    pointers.push_back(nullptr);

    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw ExternalProgramError("cannot make a pipe", program);
    pid_t child = 0;
    const int failure = spawn(program, pointers, ends[1], child);
    ::close(ends[1]);
    ProcessOutcome outcome;
    if (failure == 0) outcome.output = read_all(ends[0]);
    ::close(ends[0]);
    if (failure != 0) throw ExternalProgramError("cannot start the program: " + std::generic_category().message(failure), program);
    outcome.status = wait_for(child);
    return outcome;
}

std::filesystem::path program_file() {
    // The mapping that holds this function. Lines: begin-end access offset device inode path
    const auto here = reinterpret_cast<std::uintptr_t>(&program_file);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        std::uintptr_t begin = 0, end = 0;
        char dash = 0;
        if (!(words >> std::hex >> begin >> dash >> end) || here < begin || here >= end) continue;
        const auto path = line.find('/');
        if (path != std::string::npos) return line.substr(path);
    }
    return std::filesystem::read_symlink("/proc/self/exe");
}

std::filesystem::path program_folder() { return program_file().parent_path(); }

}  // namespace alkali::app
