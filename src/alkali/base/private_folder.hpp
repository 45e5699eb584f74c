#pragma once
#include <filesystem>
#include <string>

#include "alkali/base/error.hpp"

namespace alkali::base {

// Temporary files in places where other users may write too (/dev/shm, /tmp): whatever is found there may have been planted.

/// A folder, or one above it, is in the hands of others: what is found there cannot be believed, and what is written there may
/// be exchanged. Names the folder at fault and says what to do.
class UnsafeFolder : public FileError {
public:
    using FileError::FileError;
};

/// This user's folder for files that need not last: `alkali-UID` in memory (/dev/shm) where there is such, else in the system's
/// temporary folder. It is not made yet: see private_folder(). Errors: FileError where TMPDIR names no folder.
[[nodiscard]] std::filesystem::path temporary_home();

/// Makes a folder, and what is missing above it, for this user alone (mode 700). One that is there must be this user's, no link,
/// and nobody else may be able to write in it; others' right to read it is taken away. Above it no link is followed and no folder
/// is another user's from the first on in which everybody may write; such a one must be sticky.
/// Gives the path without links. Errors: UnsafeFolder; FileError if it cannot be made.
[[nodiscard]] std::filesystem::path private_folder(const std::filesystem::path& path);

/// Makes what is missing of a folder that may be shared with a group (mode 775, less the umask), and checks it as private_folder() does
/// what is above.
[[nodiscard]] std::filesystem::path safe_folder(const std::filesystem::path& path);

/// Whether this is a folder or a plain file, no link, of this user (a file: or of root) in which not everybody may write. What
/// else is found in a place that others know may be their work.
[[nodiscard]] bool is_own_folder(const std::filesystem::path& path);
[[nodiscard]] bool is_own_file(const std::filesystem::path& path);

/// Removes what is in a folder; links are removed, not followed. Errors: FileError.
void empty_folder(const std::filesystem::path& path);

/// A new folder of a name that nobody can guess, of this user alone, removed with the object.
class TemporaryFolder {
public:
    /// `parent`/`prefix`XXXXXX. Errors: those of safe_folder(parent); FileError if it cannot be made.
    TemporaryFolder(const std::filesystem::path& parent, const std::string& prefix);
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace alkali::base
