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

void flush_to_disk(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)), temporary_(temporary_name(target_)) {
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
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
    stream_.flush();
    if (!stream_) throw FileError("writing failed", target_.string(), "is the disk full?");
    stream_.close();
    flush_to_disk(temporary_);
    std::error_code failure;
    std::filesystem::rename(temporary_, target_, failure);
    if (failure) throw FileError("cannot be replaced (" + failure.message() + ")", target_.string());
    committed_ = true;
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
