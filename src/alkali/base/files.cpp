#include "alkali/base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

#include "alkali/base/error.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/base/open_stream.hpp"
#include "alkali/base/pipe.hpp"
#include "alkali/base/temporary.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;

const char* hint_for(int failure) {
    if (failure == EFBIG) return "raise the limit of file sizes (ulimit -f)";
    if (failure == EPIPE) return "its reader has gone";
    return "is the disk full or broken?";
}

[[noreturn]] void cannot_write(const fs::path& target, int failure) {
    throw FileError("cannot be written (" + reason_of(failure) + ")", target.string(), "check the name, the folder and the permissions");
}

[[noreturn]] void writing_failed(const fs::path& target, int failure) {
    throw FileError("writing failed (" + reason_of(failure) + ")", target.string(), hint_for(failure));
}

/// What a symbolic link leads to: the link itself stays.
fs::path behind_links(const fs::path& target) {
    fs::path at = target;
    for (int links = 0;; ++links) {
        struct stat status = {};
        if (::lstat(at.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return at;
        if (links == most_links) cannot_write(target, ELOOP);
        std::error_code failure;
        const auto next = fs::read_symlink(at, failure);
        if (failure) cannot_write(target, failure.value());
        at = next.is_absolute() ? next : at.parent_path() / next;
    }
}

void make_folder_of(const fs::path& target, bool behind_link) {
    const auto folder = target.parent_path();
    std::error_code failure;
    if (folder.empty() || fs::is_directory(folder, failure)) return;
    // Perhaps what the link leads to is on a disk that is not there now.
    if (behind_link)
        throw FileError("the link leads into a folder that is not there", target.string(), "make the folder, or remove the link");
    fs::create_directories(folder, failure);
    if (failure) throw FileError("cannot make the folder " + folder.string() + " (" + failure.message() + ")", target.string());
}

/// Owner and mode of what is to be replaced. Where the group cannot be kept, its members get no more than all others have.
void take_after(int file, const struct stat& old) {
    auto mode = old.st_mode & 0777U;
    struct stat own = {};
    if (::fstat(file, &own) == 0 && (own.st_uid != old.st_uid || own.st_gid != old.st_gid) && ::fchown(file, old.st_uid, old.st_gid) != 0 &&
        ::fchown(file, static_cast<uid_t>(-1), old.st_gid) != 0)
        mode = (mode & ~070U) | (mode & 07U) << 3U;
    ::fchmod(file, mode);  // some file systems know no modes
}

/// Waits until what was written is on the disk: 0 or errno. Some file systems and kinds of files know no such thing: EINVAL.
int flush_to_disk(int descriptor) { return ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS ? 0 : errno; }

/// So that the new name survives a crash as well. A folder that may be written but not read is left as it is.
int flush_folder(const fs::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open.is_open()) return errno == EACCES ? 0 : errno;
    return flush_to_disk(open.get());
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& target) : target_(target), stream_(&buffer_) {
    struct stat old = {};
    const bool there = ::stat(target.c_str(), &old) == 0;
    if (!there && errno != ENOENT) cannot_write(target, errno);
    if ((there && S_ISDIR(old.st_mode)) || !target.has_filename())
        throw FileError("is a folder", target.string(), "give the name of a file that may be written");
    if (there && S_ISBLK(old.st_mode)) throw FileError("is a disk", target.string(), "give the name of a file on it");
    refuse_input_as_output(target);
    if (const auto stream = there ? open_stream(target) : std::nullopt) {
        file_ = Descriptor(::fcntl(*stream, F_DUPFD_CLOEXEC, 3));
        if (!file_.is_open()) cannot_write(target, errno);
    } else if (there && !S_ISREG(old.st_mode)) {
        file_ = open_to_write(target);
    } else {
        target_ = behind_links(target);
        make_folder_of(target_, !there && target_ != target);
        auto made = make_temporary_file(target_, there ? 0600 : 0666);
        temporary_ = std::move(made.path);
        file_ = std::move(made.file);
        if (there) take_after(file_.get(), old);
    }
    buffer_.write_to(file_.get());
}

AtomicFile::~AtomicFile() {
    if (committed_ || temporary_.empty()) return;
    std::error_code ignored;
    fs::remove(temporary_, ignored);
}

void AtomicFile::commit() {
    stream_.flush();
    if (!stream_) writing_failed(target_, buffer_.failure() != 0 ? buffer_.failure() : EIO);
    const bool device = temporary_.empty();
    if (!device) {
        if (const int failure = flush_to_disk(file_.get())) writing_failed(target_, failure);
        if (::rename(temporary_.c_str(), target_.c_str()) != 0)
            throw FileError("cannot be replaced (" + reason_of(errno) + ")", target_.string());
    }
    committed_ = true;
    file_.close();
    if (device) return;
    if (const int failure = flush_folder(target_))
        throw FileError("is written, but its folder cannot be stored (" + reason_of(failure) + ")", target_.string(),
                        "is the disk broken?");
}

void write_file(const fs::path& target, std::string_view content) {
    AtomicFile file(target);
    file.stream().write(content.data(), static_cast<std::streamsize>(content.size()));
    file.commit();
}

}  // namespace alkali::base
