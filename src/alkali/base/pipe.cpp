#include "alkali/base/pipe.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

// Another program that is started together with this one has its end of a pipe open by then.
constexpr auto patience = std::chrono::seconds(5);
constexpr auto pause = std::chrono::milliseconds(20);

template <class Try>
bool within_patience(Try attempt) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!attempt()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(pause);
    }
    return true;
}

void let_wait(int descriptor) { ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK); }

/// Reading gives nothing at once while no writer has the pipe open, and EAGAIN once there is one.
void wait_for_writer(Source& source, const fs::path& path) {
    std::string text(1 << 16, '\0');
    const bool written = within_patience([&] {
        const auto got = read_some(source.descriptor.get(), text.data(), text.size());
        if (got < 0 && errno != EAGAIN) throw FileError("cannot be read (" + reason_of(errno) + ")", path.string());
        if (got > 0) source.first = text.substr(0, static_cast<std::size_t>(got));
        return got != 0;
    });
    if (!written) throw FileError("is a pipe that nothing writes to", path.string(), "start what writes to it first, or give a file");
}

bool may_end(int descriptor, const struct stat& status) {
    constexpr unsigned memory_devices = 1, null_device = 3;
    return ::isatty(descriptor) != 0 || status.st_rdev == makedev(memory_devices, null_device);
}

}  // namespace

Descriptor open_to_write(const fs::path& path) {
    Descriptor file;
    const bool opened = within_patience([&] {
        file = Descriptor(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (!file.is_open() && errno != ENXIO) throw FileError("cannot be written (" + reason_of(errno) + ")", path.string());
        return file.is_open();
    });
    if (!opened) throw FileError("is a pipe or device that nothing reads from", path.string(), "start its reader first, or give a file");
    let_wait(file.get());
    return file;
}

Source open_to_read(const fs::path& path) {
    Source source;
    source.descriptor = Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status = {};
    if (!source.descriptor.is_open() || ::fstat(source.descriptor.get(), &status) != 0)
        throw FileError("cannot be read (" + reason_of(errno) + ")", path.string(), "check the name and the permissions");
    if (S_ISDIR(status.st_mode)) throw FileError("is a folder, not a file", path.string(), "give the name of a file");
    source.is_file = S_ISREG(status.st_mode);
    if (S_ISFIFO(status.st_mode))
        wait_for_writer(source, path);
    else if (S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && !may_end(source.descriptor.get(), status)))
        throw FileError("is a device, which may never end", path.string(), "give a file or a pipe");
    let_wait(source.descriptor.get());
    return source;
}

}  // namespace alkali::base
