#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace alkali::report {

struct Options {
    std::string title = {};    ///< empty: "alkali" and what the results are about
    std::string version = {};  ///< of the program, for the footer
    std::string date = {};     ///< for the footer; empty: left out
};

/// One HTML page about the folders, complete in itself: no network, no other file.
/// Reads records only, so it needs no engine. Errors: as load_source(); InputError for records of another shape.
[[nodiscard]] std::string render(const std::vector<std::filesystem::path>& folders, const Options& options);

}  // namespace alkali::report
