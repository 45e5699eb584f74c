#include "alkali/base/standard_stream.hpp"

#include <fcntl.h>

namespace alkali::base {

std::optional<int> standard_stream(const struct stat& status) {
    // Most commands are run with several of them on one terminal: standard output first.
    for (const int stream : {1, 2, 0}) {
        struct stat own = {};
        const int flags = ::fcntl(stream, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || ::fstat(stream, &own) != 0) continue;
        if (own.st_dev == status.st_dev && own.st_ino == status.st_ino) return stream;
    }
    return std::nullopt;
}

std::optional<int> standard_stream(const std::filesystem::path& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 ? standard_stream(status) : std::nullopt;
}

}  // namespace alkali::base
