#include "alkali/base/path_pattern.hpp"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "alkali/base/descriptor.hpp"
#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

/// What glob() found, given back at the end.
struct Matches {
    glob_t found{};
    ~Matches() { ::globfree(&found); }
};

// glob() calls a plain function, from the thread that called it.
thread_local std::string unreadable;  // the first folder that could not be read, and why

int note_failure(const char* folder, int cause) {
    const bool none = cause == ENOENT || cause == ENOTDIR;  // "runs*/data" where a file is called runs.txt
    if (!none && unreadable.empty()) unreadable = std::string(folder) + ": " + reason_of(cause);
    return 0;
}

bool is_there(const fs::path& path) {
    std::error_code failure;
    return fs::exists(fs::symlink_status(path, failure));
}

std::vector<fs::path> matches_of(const std::string& pattern) {
    Matches matches;
    unreadable.clear();
    const int status = ::glob(pattern.c_str(), GLOB_TILDE | GLOB_BRACE | GLOB_NOSORT, note_failure, &matches.found);
    if (!unreadable.empty())
        throw FileError("a folder that the pattern leads through cannot be read: " + unreadable, pattern, "check the permissions");
    if (status != 0 && status != GLOB_NOMATCH) throw FileError("the pattern could not be followed", pattern, "give simpler ones");
    std::vector<fs::path> paths;
    for (std::size_t k = 0; k < matches.found.gl_pathc; ++k)
        if (is_there(matches.found.gl_pathv[k])) paths.emplace_back(matches.found.gl_pathv[k]);  // of {a,b} also what is not there
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

}  // namespace

bool looks_like_pattern(const fs::path& path) {
    const std::string& text = path.native();
    return text.starts_with('~') || text.find_first_of("*?[{") != std::string::npos;
}

std::vector<fs::path> matching_paths(const fs::path& path) {
    if (!looks_like_pattern(path) || is_there(path)) return {path};
    auto paths = matches_of(path.native());
    if (paths.empty())
        throw FileError("nothing matches this pattern, and there is no file or folder of that name", path.string(),
                        "check the folder and the spelling; patterns are those of a shell: ~ * ? [...] {a,b}");
    return paths;
}

bool matches_anything(const fs::path& path) {
    std::error_code failure;
    return fs::exists(path, failure) || (looks_like_pattern(path) && !matches_of(path.native()).empty());
}

std::vector<fs::path> matching_paths(const std::vector<fs::path>& paths) {
    std::vector<fs::path> all;
    for (const auto& path : paths)
        for (auto& match : matching_paths(path)) all.push_back(std::move(match));
    return all;
}

fs::path matching_path(const fs::path& path) {
    auto paths = matching_paths(path);
    if (paths.size() > 1)
        throw FileError("several match this pattern, such as " + paths[0].string() + " and " + paths[1].string(), path.string(),
                        "name one of them");
    return std::move(paths[0]);
}

}  // namespace alkali::base
