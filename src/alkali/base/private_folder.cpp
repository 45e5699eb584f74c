#include "alkali/base/private_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <system_error>

#include "alkali/base/descriptor.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;
constexpr const char* remedy =
    "it may have been planted: have it removed, or name another folder for temporary files (`scratch` of the config)";

[[noreturn]] void cannot_make(const fs::path& path) {
    throw FileError("the folder cannot be made (" + reason_of(errno) + ")", path.string(),
                    "check its permissions and the space there, or name another");
}

struct stat state_of(const Descriptor& folder, const fs::path& path) {
    struct stat state {};
    if (::fstat(folder.get(), &state) != 0) cannot_make(path);
    return state;
}

/// Goes down from the root of the file system, one name after the other, each opened from the folder above it.
class Way {
public:
    Way(const fs::path& path, mode_t made_with) : here_("/"), folder_(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), mode_(made_with) {
        if (folder_.get() < 0) cannot_make("/");
        judge(state_of(folder_, here_));
        push(fs::absolute(path).lexically_normal());
    }

    /// All names but the last; of a path that ends in a slash also that one.
    void approach() {
        while (names_.size() > 1) step();
    }
    void arrive() {
        while (!names_.empty()) step();
    }
    [[nodiscard]] bool at_end() const { return names_.empty(); }
    [[nodiscard]] const std::string& last() const { return names_.front(); }
    [[nodiscard]] const fs::path& here() const { return here_; }
    [[nodiscard]] int folder() const { return folder_.get(); }

private:
    void push(const fs::path& path) {
        std::deque<std::string> names;
        for (const auto& name : path)
            if (!name.empty() && name != "/" && name != ".") names.push_back(name.string());
        names_.insert(names_.begin(), names.begin(), names.end());
    }

    void step() {
        const std::string name = std::move(names_.front());
        names_.pop_front();
        if (name == "..") return restart(here_.parent_path());
        const fs::path next = here_ / name;
        Descriptor found = open(name, next);
        const auto state = state_of(found, next);
        if (S_ISLNK(state.st_mode)) return follow(found, next);
        if (!S_ISDIR(state.st_mode)) throw FileError("is no folder", next.string(), "name another");
        if (exposed_ && state.st_uid != ::geteuid() && state.st_uid != 0)
            throw UnsafeFolder("the folder belongs to another user, who could exchange what is in it", next.string(), remedy);
        folder_ = std::move(found);
        here_ = next;
        judge(state);
    }

    Descriptor open(const std::string& name, const fs::path& next) const {
        constexpr int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
        Descriptor found(::openat(folder_.get(), name.c_str(), flags));
        if (found.get() >= 0) return found;
        if (errno != ENOENT || (::mkdirat(folder_.get(), name.c_str(), mode_) != 0 && errno != EEXIST)) cannot_make(next);
        found = Descriptor(::openat(folder_.get(), name.c_str(), flags));
        if (found.get() < 0) cannot_make(next);
        return found;
    }

    void judge(const struct stat& state) {
        if ((state.st_mode & S_IWOTH) == 0) return;
        if ((state.st_mode & S_ISVTX) == 0)
            throw UnsafeFolder("everybody may exchange what is in this folder", here_.string(),
                               "set its sticky bit (chmod +t), or name another folder for temporary files (`scratch` of the config)");
        exposed_ = true;
    }

    void follow(const Descriptor& link, const fs::path& at) {
        if (exposed_) throw UnsafeFolder("is a link, in a place where everybody may make one", at.string(), remedy);
        if (++links_ > most_links) throw FileError("is a link that leads round and round", at.string(), "name another folder");
        std::array<char, 4096> target{};
        const auto size = ::readlinkat(link.get(), "", target.data(), target.size());
        if (size <= 0) cannot_make(at);
        const fs::path to(std::string(target.data(), static_cast<std::size_t>(size)));
        push(to);
        if (to.is_absolute()) restart("/");
    }

    /// From the root to a folder on the way, which was judged before.
    void restart(const fs::path& at) {
        Descriptor found(::open(at.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (found.get() < 0) cannot_make(at);
        folder_ = std::move(found);
        here_ = at;
    }

    std::deque<std::string> names_;  // yet to go
    fs::path here_;
    Descriptor folder_;
    mode_t mode_;           // of what is missing, less the umask
    bool exposed_ = false;  // everybody may write in a folder above
    int links_ = 0;
};

[[noreturn]] void cannot_open(const Way& way, const fs::path& path) {
    const int failure = errno;
    struct stat state {};
    if (::fstatat(way.folder(), way.last().c_str(), &state, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISLNK(state.st_mode)) throw UnsafeFolder("is a link where a folder of this user's is expected", path.string(), remedy);
        if (state.st_uid != ::geteuid()) throw UnsafeFolder("belongs to another user", path.string(), remedy);
        if (!S_ISDIR(state.st_mode)) throw FileError("is a file where a folder is expected", path.string(), "remove it, or name another");
    }
    errno = failure;
    cannot_make(path);
}

/// The last folder of the way, made or found.
fs::path own_folder(const Way& way) {
    const fs::path path = way.here() / way.last();
    const bool made = ::mkdirat(way.folder(), way.last().c_str(), 0700) == 0;
    if (!made && errno != EEXIST) cannot_make(path);
    const Descriptor folder(::openat(way.folder(), way.last().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder.get() < 0) cannot_open(way, path);
    auto state = state_of(folder, path);
    if (state.st_uid != ::geteuid()) throw UnsafeFolder("the folder belongs to another user", path.string(), remedy);
    if (!made && (state.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        throw UnsafeFolder("others may write in the folder, so that what is in it need not be this user's", path.string(),
                           "remove it, or name another folder for temporary files (`scratch` of the config)");
    if ((state.st_mode & 0777) != 0700 && ::fchmod(folder.get(), 0700) == 0) state = state_of(folder, path);
    if ((state.st_mode & 0777) != 0700)
        throw UnsafeFolder("the folder cannot be kept from other users: its file system has no permissions", path.string(),
                           "name another folder for temporary files (`scratch` of the config)");
    return path;
}

fs::path made_private(const fs::path& path) {
    Way way(path, 0700);
    way.approach();
    if (way.at_end()) throw UnsafeFolder("the folder cannot be this user's alone", path.string(), remedy);
    return own_folder(way);
}

}  // namespace

fs::path temporary_home() {
    const std::string name = "alkali-" + std::to_string(::geteuid());
    const fs::path memory = "/dev/shm";
    std::error_code failure;
    if (fs::is_directory(memory, failure) && ::access(memory.c_str(), W_OK | X_OK) == 0) return memory / name;
    const auto system = fs::temp_directory_path(failure);
    if (failure)
        throw FileError("there is no folder for temporary files (" + failure.message() + ")", {},
                        "set TMPDIR to one, or name one (`scratch` of the config)");
    return system / name;
}

fs::path private_folder(const fs::path& path) {
    // Another process may remove an empty folder on the way at any time.
    for (int tries = 0; tries < 2; ++tries) {
        try {
            return made_private(path);
        } catch (const UnsafeFolder&) {
            throw;
        } catch (const FileError&) {
            continue;
        }
    }
    return made_private(path);
}

fs::path safe_folder(const fs::path& path) {
    Way way(path, 0775);
    way.arrive();
    return way.here();
}

bool is_own_folder(const fs::path& path) {
    struct stat state {};
    return ::lstat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode) && state.st_uid == ::geteuid() && (state.st_mode & S_IWOTH) == 0;
}

bool is_own_file(const fs::path& path) {
    struct stat state {};
    return ::lstat(path.c_str(), &state) == 0 && S_ISREG(state.st_mode) && (state.st_uid == ::geteuid() || state.st_uid == 0) &&
           (state.st_mode & S_IWOTH) == 0;
}

void empty_folder(const fs::path& path) {
    std::error_code failure;
    std::deque<fs::path> entries;
    for (fs::directory_iterator at(path, failure), end; !failure && at != end; at.increment(failure)) entries.push_back(at->path());
    for (const auto& entry : entries)
        if (!failure) fs::remove_all(entry, failure);
    if (failure) throw FileError("the folder cannot be emptied (" + failure.message() + ")", path.string());
}

TemporaryFolder::TemporaryFolder(const fs::path& parent, const std::string& prefix) {
    std::string name = (safe_folder(parent) / (prefix + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) cannot_make(name);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace alkali::base
