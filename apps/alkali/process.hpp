#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace alkali::app {

struct ProcessOutcome {
    int status = 0;      ///< exit status; 128 + signal number if it was killed
    std::string output;  ///< standard output and standard error, interleaved
};

/// Runs a program found on PATH (arguments passed as they are, no shell) and waits for it.
/// Errors: ExternalProgramError if it cannot be started.
[[nodiscard]] ProcessOutcome run_process(const std::string& program, const std::vector<std::string>& arguments);

/// The running program itself. Where the dynamic linker was started with its name, /proc/self/exe is the linker.
[[nodiscard]] std::filesystem::path program_file();
/// The folder it is in.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace alkali::app
