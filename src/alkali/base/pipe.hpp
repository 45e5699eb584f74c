#pragma once
#include <filesystem>
#include <string>

#include "alkali/base/descriptor.hpp"

namespace alkali::base {

/// Opens a device or pipe to write to. A pipe that nothing reads for some seconds is a FileError: waiting might never end.
[[nodiscard]] Descriptor open_to_write(const std::filesystem::path& path);

/// A file, or what gives bytes until it ends: a pipe, a terminal, /dev/null. With the first bytes of a pipe, which show that it has a
/// writer. Errors: FileError with the reason; a pipe that nothing writes to for some seconds, a device that may never end.
struct Source {
    Descriptor descriptor;
    std::string first;
    bool is_file = true;
};
[[nodiscard]] Source open_to_read(const std::filesystem::path& path);

}  // namespace alkali::base
