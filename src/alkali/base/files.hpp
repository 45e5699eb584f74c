#pragma once
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace alkali::base {

/// A file under a temporary name beside its target, renamed over the target by commit(); removed if never committed.
/// A symbolic link stays and what it leads to is replaced; a device or pipe is written into directly.
/// Errors: FileError naming the target (also when it is a folder).
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    [[nodiscard]] std::ostream& stream() { return stream_; }
    [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }
    /// Waits for the disk and renames, so that a crash leaves the old file or the new one. After it the object is done.
    /// Errors: FileError; the old file then stays (unless the last step fails, to store the folder).
    void commit();

private:
    std::filesystem::path target_, temporary_;
    std::ofstream stream_;
    bool committed_ = false, device_ = false;
};

/// Writes the whole content atomically; makes missing parent folders.
void write_file(const std::filesystem::path& target, std::string_view content);
/// The whole content; FileError if it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace alkali::base
