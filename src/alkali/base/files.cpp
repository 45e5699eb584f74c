#include "alkali/base/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
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

void flush_to_disk(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
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
    if (!stream_) throw FileError("writing failed", target_.string(), "is the disk full?");
    stream_.close();
    committed_ = true;
    if (device_) return;
    flush_to_disk(temporary_);
    std::error_code failure;
    std::filesystem::rename(temporary_, target_, failure);
    committed_ = !failure;
    if (failure) throw FileError("cannot be replaced (" + failure.message() + ")", target_.string());
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
