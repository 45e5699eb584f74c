#pragma once
#include <string>
#include <vector>

#include "alkali/report/source.hpp"

namespace alkali::report {

struct Options {
    std::string title = {};    ///< empty: "alkali" and what the results are about
    std::string version = {};  ///< of the program, for the footer
    std::string date = {};     ///< for the footer; empty: left out
};

/// One HTML page about the folders of load_sources(), complete in itself: no network, no other file.
/// Reads records only, so it needs no engine. Errors: InputError or FileError for records of another shape, naming the file.
[[nodiscard]] std::string render(const std::vector<Source>& sources, const Options& options);

}  // namespace alkali::report
