#include "alkali/base/writable.hpp"

#include <system_error>

#include "alkali/base/error.hpp"
#include "alkali/base/temporary.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

/// What is to be made, or the first folder on the way to it that is not there.
fs::path first_missing(fs::path path) {
    std::error_code unknown;
    while (path.has_parent_path() && path != path.parent_path() && !fs::exists(path.parent_path(), unknown)) path = path.parent_path();
    return path;
}

}  // namespace

void require_writable(const fs::path& output) {
    std::error_code unknown;
    const auto status = fs::status(output, unknown);
    if ((fs::exists(status) && !fs::is_regular_file(status)) || fs::is_symlink(fs::symlink_status(output, unknown))) return;
    try {
        const auto made = make_temporary_file(first_missing(output), 0600);
        fs::remove(made.path, unknown);
    } catch (const FileError& error) {
        throw FileError(error.fault(), output.string(), error.hint());
    }
}

}  // namespace alkali::base
