#pragma once
#include <sys/stat.h>

#include <filesystem>
#include <optional>

namespace alkali::base {

/// Number (0 to 2) of the standard stream, open for writing, that is this file, pipe or device; nothing: none of them. What goes there
/// is written through the stream: a file of its own under the name would take the place of the one that others write into.
[[nodiscard]] std::optional<int> standard_stream(const struct stat& status);
[[nodiscard]] std::optional<int> standard_stream(const std::filesystem::path& path);

}  // namespace alkali::base
