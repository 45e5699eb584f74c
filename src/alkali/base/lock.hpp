#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "alkali/base/descriptor.hpp"
#include "alkali/base/log.hpp"

namespace alkali::base {

/// A file that one process at a time can hold, on whatever machine; the lock ends with the process, however that ends. The file tells who
/// holds it, and is removed in the end.
/// Errors: InputError with the holder, if it is held for longer than `patience`; FileError if the file cannot be made. On a file
/// system without locks the log is warned.
class LockFile {
public:
    /// for_what: completes "is in use for ...". where, hint: of the error.
    struct Purpose {
        std::string for_what, where, hint;
        std::chrono::milliseconds patience{1000};  ///< what a killed process had started may hold it for a moment
    };
    LockFile(std::filesystem::path path, const Purpose& purpose, LogSink& log);
    ~LockFile();
    LockFile(LockFile&& other) noexcept = default;
    LockFile& operator=(LockFile&&) = delete;

private:
    std::filesystem::path path_;
    Descriptor file_;
};

/// Keeps other processes from using a folder for the same purpose at the same time ("training"). Makes the folder, and takes it away
/// again where nothing was put into it.
class FolderLock {
public:
    FolderLock(const std::filesystem::path& folder, const std::string& purpose, LogSink& log);
    ~FolderLock();
    FolderLock(FolderLock&& other) noexcept = default;
    FolderLock& operator=(FolderLock&&) = delete;

private:
    void make(const std::filesystem::path& folder);
    void remove_made();

    std::vector<std::filesystem::path> made_;  ///< folders, the innermost last
    std::vector<LockFile> lock_;               ///< one; gone before the folders
};

}  // namespace alkali::base
