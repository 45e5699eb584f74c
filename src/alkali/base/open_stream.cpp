#include "alkali/base/open_stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <string>

namespace alkali::base {

namespace {

bool takes_output(int descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/// What /dev/fd/N names; -1 for other names.
int named_descriptor(const std::filesystem::path& path) {
    const auto folder = path.parent_path();
    if (folder != "/dev/fd" && folder != "/proc/self/fd") return -1;
    const auto word = path.filename().string();
    int number = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc() && end == word.data() + word.size() ? number : -1;
}

}  // namespace

std::optional<int> open_stream(const std::filesystem::path& path) {
    if (const int named = named_descriptor(path); named >= 0 && takes_output(named)) return named;
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    // Most commands are run with several of them on one terminal: standard output first.
    for (const int stream : {1, 2, 0}) {
        struct stat own = {};
        if (takes_output(stream) && ::fstat(stream, &own) == 0 && own.st_dev == status.st_dev && own.st_ino == status.st_ino) return stream;
    }
    return std::nullopt;
}

}  // namespace alkali::base
