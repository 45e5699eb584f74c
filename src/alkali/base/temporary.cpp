#include "alkali/base/temporary.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <system_error>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digits = 16;
constexpr std::string_view ending = ".tmp";
// The name becomes no longer than the target's own unless that is short: file systems limit it.
constexpr std::size_t shortest_cut = 40;
constexpr int most_attempts = 100;

fs::path folder_of(const fs::path& target) { return target.has_parent_path() ? target.parent_path() : fs::path("."); }

std::string beginning_of_names(const fs::path& target) {
    constexpr std::size_t added = digits + ending.size() + 2;
    const auto name = target.filename().string();
    return "." + name.substr(0, std::max(shortest_cut, name.size() - std::min(name.size(), added))) + ".";
}

std::string random_digits() {
    thread_local std::random_device device;
    const std::uint64_t number = static_cast<std::uint64_t>(device()) << 32U | device();
    return fmt::format("{:0{}x}", number, digits);
}

bool is_temporary(std::string_view name, std::string_view beginning) {
    if (name.size() != beginning.size() + digits + ending.size() || !name.starts_with(beginning) || !name.ends_with(ending)) return false;
    return name.substr(beginning.size(), digits).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Removes it if it is ours and its maker lives no more.
void remove_left_over(const fs::path& path) {
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return;
    const bool folder = S_ISDIR(status.st_mode);
    if (!folder && !S_ISREG(status.st_mode)) return;
    const auto open = [&](int access) { return Descriptor(::open(path.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)); };
    auto left = open(folder ? O_RDONLY | O_DIRECTORY : O_RDWR);  // network file systems lock only what may be written
    if (!left.is_open() && !folder) left = open(O_RDONLY);
    if (!left.is_open() || ::flock(left.get(), LOCK_EX | LOCK_NB) != 0 || !is_in_place(path, left.get())) return;
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

/// Once for each target: this process leaves nothing of its own.
void sweep(const fs::path& target) {
    static std::mutex mutex;
    static std::set<fs::path> swept;
    {
        const std::lock_guard lock(mutex);
        if (!swept.insert(target).second) return;
    }
    const auto beginning = beginning_of_names(target);
    std::error_code failure;
    for (fs::directory_iterator at(folder_of(target), failure), end; !failure && at != end; at.increment(failure))
        if (is_temporary(at->path().filename().string(), beginning)) remove_left_over(at->path());
}

[[noreturn]] void fail(const fs::path& target) {
    throw FileError("cannot be written (" + reason_of(errno) + ")", target.string(), "check that the folder exists and is writable");
}

/// Makes something new by `make`, which gives its descriptor or -1 with errno, and locks it.
template <class Make>
Descriptor make_new(const fs::path& target, fs::path& path, Make make) {
    sweep(target);
    const auto beginning = beginning_of_names(target);
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        path = target.has_parent_path() ? target.parent_path() / (beginning + random_digits() + std::string(ending))
                                        : fs::path(beginning + random_digits() + std::string(ending));
        Descriptor made(make(path));
        if (!made.is_open()) {
            if (errno == EEXIST) continue;
            fail(target);
        }
        // A sweep that came between the two has it, or has removed it. Without locks nothing is swept either.
        const bool swept = ::flock(made.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!swept && is_in_place(path, made.get())) return made;
    }
    errno = EEXIST;
    fail(target);
}

}  // namespace

TemporaryFile make_temporary_file(const fs::path& target, mode_t mode) {
    TemporaryFile made;
    made.file = make_new(target, made.path,
                         [&](const fs::path& path) { return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode); });
    return made;
}

StagingFolder::StagingFolder(const fs::path& target) {
    std::error_code failure;
    if (target.has_parent_path()) fs::create_directories(target.parent_path(), failure);  // told below
    lock_ = make_new(target, path_, [](const fs::path& path) {
        if (::mkdir(path.c_str(), 0700) != 0) return -1;
        ::chmod(path.c_str(), 0700);  // whatever the umask
        return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    });
}

StagingFolder::~StagingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace alkali::base
