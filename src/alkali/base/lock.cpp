#include "alkali/base/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/process.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

constexpr auto pause = std::chrono::milliseconds(20);

/// What the holder wrote; it may be about to.
std::string holder(int descriptor) {
    std::string text(200, '\0');
    const auto got = ::pread(descriptor, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    text.erase(std::min(text.find('\n'), text.size()));
    return text.empty() ? "another process" : text;
}

Descriptor open_lock(const fs::path& path, const std::string& where) {
    constexpr int careful = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | careful, 0666));
    if (!file.is_open() && errno == EACCES) file = Descriptor(::open(path.c_str(), O_RDONLY | careful));  // left by another user
    if (file.is_open()) return file;
    throw FileError("cannot be written (" + reason_of(errno) + ")", where, "check the name and the permissions");
}

constexpr std::string_view signature = "process ";

/// Whether the file is empty or begins as a lock does: others hold what somebody needs.
bool is_lock(int descriptor) {
    std::array<char, signature.size()> begin{};
    const auto got = ::pread(descriptor, begin.data(), begin.size(), 0);
    return got == 0 || (got > 0 && std::string_view(begin.data(), static_cast<std::size_t>(got)) == signature);
}

void sign(int descriptor) {
    const auto text = fmt::format("{}{} on {}\n", signature, ::getpid(), host_name());
    if (::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, text.data(), text.size(), 0) < 0) return;  // for the message only
}

}  // namespace

LockFile::LockFile(fs::path path, const Purpose& purpose, LogSink& log) : path_(std::move(path)) {
    const auto deadline = std::chrono::steady_clock::now() + purpose.patience;
    for (;;) {
        file_ = open_lock(path_, purpose.where);
        if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
            if (!is_in_place(path_, file_.get())) continue;  // the holder before has just removed it
            if (!is_lock(file_.get()))
                throw FileError("is not a lock of alkali but has other content, which would be lost", path_.string(),
                                "move it away, or give another name to what it is to lock (" + purpose.where + ")");
            sign(file_.get());
            return;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            log.warning(fmt::format("{}: the file system knows no locks ({}): take care that nothing else uses it for {}", purpose.where,
                                    reason_of(errno), purpose.for_what));
            return;
        }
        if (std::chrono::steady_clock::now() > deadline)
            throw InputError(fmt::format("is in use for {} by {}", purpose.for_what, holder(file_.get())), purpose.where, purpose.hint);
        std::this_thread::sleep_for(pause);
    }
}

LockFile::~LockFile() {
    if (!file_.is_open() || !is_in_place(path_, file_.get())) return;
    std::error_code ignored;
    fs::remove(path_, ignored);  // while it is held: whoever opened it before sees that it is gone
}

FolderLock::FolderLock(const fs::path& folder, const std::string& purpose, LogSink& log) {
    try {
        make(folder);
        lock_.emplace_back(folder / (".alkali-" + purpose + ".lock"),
                           LockFile::Purpose{purpose, folder.string(), "wait until it has ended, end it, or choose another folder with -o"},
                           log);
    } catch (...) {
        remove_made();
        throw;
    }
}

void FolderLock::make(const fs::path& folder) {
    std::vector<fs::path> missing;
    std::error_code unknown;
    for (auto at = folder; !at.empty() && fs::symlink_status(at, unknown).type() == fs::file_type::not_found; at = at.parent_path())
        if (at.has_filename()) missing.push_back(at);
    for (; !missing.empty(); missing.pop_back()) {
        if (::mkdir(missing.back().c_str(), 0777) == 0)
            made_.push_back(missing.back());
        else if (errno != EEXIST)
            throw FileError("cannot make the folder (" + reason_of(errno) + ")", missing.back().string(),
                            "check the name and the permissions");
    }
    struct stat status = {};
    const bool there = ::stat(folder.c_str(), &status) == 0;
    if (there && S_ISDIR(status.st_mode)) return;
    throw FileError(there ? "is a file, not a folder" : "cannot be used as a folder (" + reason_of(errno) + ")", folder.string(),
                    "choose another folder with -o");
}

void FolderLock::remove_made() {
    std::error_code not_empty;
    for (; !made_.empty(); made_.pop_back()) fs::remove(made_.back(), not_empty);
}

FolderLock::~FolderLock() {
    lock_.clear();
    remove_made();
}

}  // namespace alkali::base
