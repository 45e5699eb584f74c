#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace alkali::base {

/// What a program and all that it starts reach.
enum class Network {
    any,
    this_machine  ///< the loopback alone, where the system allows that (loopback.hpp); nobody elsewhere reaches them
};

/// An external program to run. No shell: arguments are passed as they are.
struct Command {
    std::vector<std::string> words;                  ///< program (found on PATH unless it has a slash), arguments
    std::filesystem::path folder;                    ///< working directory; empty: this process's
    std::filesystem::path input;                     ///< standard input; empty: none
    std::filesystem::path output, errors;            ///< standard output and error; empty: thrown away; equal: interleaved
    std::map<std::string, std::string> environment;  ///< set on top of this process's
    std::vector<std::string> dropped_environment;    ///< prefixes of variables that the child must not see
    double max_seconds = 0;                          ///< wall clock; 0: no limit
    std::int64_t max_bytes = 0;                      ///< resident memory of the whole group; 0: no limit
    const std::atomic<bool>* stop = nullptr;         ///< set: the child is ended
    Network network = Network::any;
};

enum class Ending { exited, signalled, out_of_time, out_of_memory, stopped };

struct CommandOutcome {
    Ending ending = Ending::exited;
    int status = 0;  ///< exit status, or signal
    double seconds = 0;
    std::int64_t peak_bytes = 0;
};

/// Runs the program in a process group of its own and waits for it; on a limit or stop the whole group is ended (SIGTERM,
/// then SIGKILL). The group also dies with this process.
/// Errors: ExternalProgramError if it cannot be started (not found, not executable, no such folder).
[[nodiscard]] CommandOutcome run_command(const Command& command);

}  // namespace alkali::base
