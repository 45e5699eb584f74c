#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace alkali::base {

/// As much of a file as a program can be told by: what an external program writes may have any size.
struct FileEnds {
    std::string text;        ///< all of it, or its first and last halves with a line "..." between them
    std::int64_t bytes = 0;  ///< of the file
    bool whole = true;
};
/// At most `most` bytes of a file. Errors: FileError as read_file().
[[nodiscard]] FileEnds read_ends(const std::filesystem::path& path, std::size_t most);

}  // namespace alkali::base
