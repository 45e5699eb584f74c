#include "alkali/base/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <sstream>
#include <system_error>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

std::filesystem::path temporary_name(const std::filesystem::path& target) {
    static std::atomic<unsigned> counter{0};
    return target.string() + "." + std::to_string(::getpid()) + "." + std::to_string(counter++) + ".tmp";
}

// What a symbolic link leads to: the link itself stays.
std::filesystem::path behind_links(std::filesystem::path target) {
    std::error_code failure;
    if (!std::filesystem::is_symlink(target, failure)) return target;
    auto real = std::filesystem::weakly_canonical(target, failure);
    return failure ? target : real;
}

// A device or pipe (/dev/null, /dev/stdout): written into, since a rename would put a file in its place.
bool is_device(const std::filesystem::path& path) {
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) && !std::filesystem::is_directory(status);
}

/// Waits until what was written is on the disk. Errors: the cause. Some file systems and kinds of files know no such thing: EINVAL.
std::error_code flush_to_disk(const std::filesystem::path& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0) return {errno, std::generic_category()};
    int failure = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS ? 0 : errno;
    if (::close(descriptor) != 0 && failure == 0) failure = errno;
    return {failure, std::generic_category()};
}

/// So that the new name survives a crash as well. A folder that may be written but not read is left as it is.
std::error_code flush_folder(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const auto failure = flush_to_disk(folder, O_RDONLY | O_DIRECTORY);
    return failure == std::errc::permission_denied ? std::error_code{} : failure;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(behind_links(std::move(target))) {
    if (std::filesystem::is_directory(target_))
        throw FileError("is a folder", target_.string(), "give the name of a file that may be written");
    device_ = is_device(target_);
    temporary_ = device_ ? target_ : temporary_name(target_);
    if (target_.has_parent_path()) {
        std::error_code failure;
        std::filesystem::create_directories(target_.parent_path(), failure);
        if (failure)
            throw FileError("cannot make the folder " + target_.parent_path().string() + " (" + failure.message() + ")", target_.string());
    }
    stream_.open(temporary_, std::ios::binary | std::ios::trunc);
    if (!stream_) throw FileError("cannot be written", target_.string(), "check that the folder exists and is writable");
}

AtomicFile::~AtomicFile() {
    if (committed_) return;
    stream_.close();
    if (device_) return;
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
    stream_.flush();
    if (stream_) stream_.close();  // network file systems tell only now that the disk is full
    if (!stream_) throw FileError("writing failed", target_.string(), "is the disk full?");
    if (device_) {
        committed_ = true;
        return;
    }
    if (const auto failure = flush_to_disk(temporary_, O_RDONLY))
        throw FileError("writing failed (" + failure.message() + ")", target_.string(), "is the disk full or broken?");
    std::error_code failure;
    std::filesystem::rename(temporary_, target_, failure);
    committed_ = !failure;
    if (failure) throw FileError("cannot be replaced (" + failure.message() + ")", target_.string());
    if (const auto unsafe = flush_folder(target_))
        throw FileError("is written, but its folder cannot be stored (" + unsafe.message() + ")", target_.string(), "is the disk broken?");
}

void write_file(const std::filesystem::path& target, std::string_view content) {
    AtomicFile file(target);
    file.stream().write(content.data(), static_cast<std::streamsize>(content.size()));
    file.commit();
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream || std::filesystem::is_directory(path))
        throw FileError("cannot be read", path.string(), "check the name and the permissions");
    std::ostringstream content;
    content << stream.rdbuf();
    return content.str();
}

}  // namespace alkali::base
