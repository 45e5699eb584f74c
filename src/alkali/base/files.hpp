#pragma once
#include <filesystem>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "alkali/base/descriptor.hpp"

namespace alkali::base {

/// A file under a temporary name beside its target, renamed over the target by commit(); removed if never committed.
/// What is replaced leaves its mode to what takes its place. A symbolic link stays and what it leads to is replaced or made; a device
/// or pipe is written into directly, a file that is one of the standard streams through that stream.
/// Errors: FileError naming the target and the reason (also when it is a folder or a disk); InputError if it is an input of a task
/// under way (inputs.hpp).
class AtomicFile {
public:
    explicit AtomicFile(const std::filesystem::path& target);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    [[nodiscard]] std::ostream& stream() { return stream_; }
    /// Waits for the disk and renames, so that a crash leaves the old file or the new one. After it the object is done.
    /// Errors: FileError; the old file then stays (unless the last step fails, to store the folder).
    void commit();

private:
    std::filesystem::path target_, temporary_;  ///< temporary_ is empty for a device
    Descriptor file_;
    OutputBuffer buffer_;
    std::ostream stream_;
    bool committed_ = false;
};

/// Writes the whole content atomically; makes missing parent folders.
void write_file(const std::filesystem::path& target, std::string_view content);
/// The whole content of a file, or of what a pipe gives until it ends. Errors: FileError with the reason if it cannot be read, is a
/// folder or a device that may never end, or a pipe that nothing writes to.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);
/// The same piece by piece. Only a file can be rewound.
[[nodiscard]] std::unique_ptr<std::istream> open_input(const std::filesystem::path& path);
/// For readers that jump to and fro. Errors: FileError if it is no file; nothing is opened that might make them wait.
void require_file(const std::filesystem::path& path);

}  // namespace alkali::base
