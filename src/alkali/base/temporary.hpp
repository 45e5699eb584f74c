#pragma once
#include <sys/types.h>

#include <filesystem>

#include "alkali/base/descriptor.hpp"

namespace alkali::base {

// What is made beside an output until it is complete: hidden, with a name that nobody can foretell, as ".NAME.0123456789abcdef.tmp".
// Its maker holds a lock on it (flock), so that the next one for the same output knows what a killed process left, and removes it.

struct TemporaryFile {
    std::filesystem::path path;
    Descriptor file;  ///< to write to
};

/// A new file for what is to become `target`. Errors: FileError naming the target.
[[nodiscard]] TemporaryFile make_temporary_file(const std::filesystem::path& target, mode_t mode);

/// A new folder, readable by its owner alone, beside `target`, whose folder is made if need be; removed with all that is in it. Errors:
/// FileError naming the target.
class StagingFolder {
public:
    explicit StagingFolder(const std::filesystem::path& target);
    ~StagingFolder();
    StagingFolder(const StagingFolder&) = delete;
    StagingFolder& operator=(const StagingFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
    Descriptor lock_;
};

}  // namespace alkali::base
