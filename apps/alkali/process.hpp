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

/// Folder of the running program itself.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace alkali::app
