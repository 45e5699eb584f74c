#pragma once
#include <filesystem>
#include <vector>

namespace alkali::base {

/// True if a path as a person writes it holds a sign of a pattern: ~ for the home folder in front, * ? [...] {a,b}.
[[nodiscard]] bool looks_like_pattern(const std::filesystem::path& path);

/// What a path as a person writes it stands for: itself where there is such a file or folder or no sign of a pattern, else all that
/// matches the pattern as in a shell, sorted by name, each once. * and ? stand for no / and for no dot at the beginning of a name.
/// Errors: FileError that names the pattern where nothing matches it, or a folder on the way that cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> matching_paths(const std::filesystem::path& path);

/// The same of several paths, one after the other.
[[nodiscard]] std::vector<std::filesystem::path> matching_paths(const std::vector<std::filesystem::path>& paths);

/// True if there is such a file or folder, or one that matches. Errors: FileError for a folder on the way that cannot be read.
[[nodiscard]] bool matches_anything(const std::filesystem::path& path);

/// For what must be one file or folder. Errors: also FileError where several match.
[[nodiscard]] std::filesystem::path matching_path(const std::filesystem::path& path);

}  // namespace alkali::base
