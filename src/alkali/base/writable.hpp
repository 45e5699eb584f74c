#pragma once
#include <filesystem>

namespace alkali::base {

/// Tells before the work what would be told after it: tries to make a file where the output will be, in the nearest folder of it that is
/// there, and removes it. Folders, devices and pipes are left alone. Errors: FileError naming the output.
void require_writable(const std::filesystem::path& output);

}  // namespace alkali::base
