#pragma once
#include <filesystem>
#include <optional>

namespace alkali::base {

/// Descriptor, open for writing, that the path names: N of /dev/fd/N, or 0 to 2 for the file, pipe or device behind a standard stream;
/// nothing: none of them. What goes there is written through it: a file of its own under the name would take the place of the one that
/// others write into.
[[nodiscard]] std::optional<int> open_stream(const std::filesystem::path& path);

}  // namespace alkali::base
