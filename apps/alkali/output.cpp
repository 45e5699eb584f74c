#include "output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "alkali/base/descriptor.hpp"
#include "alkali/base/printable.hpp"

namespace alkali::app {
namespace {

// Of the process, as standard output is.
int output_errno = 0;
std::FILE* results = stdout;

/// Results get a descriptor of their own: what libraries of others (KIM models) print on theirs goes to standard error.
void keep_results_apart() {
    const int own = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    std::FILE* file = own < 0 ? nullptr : ::fdopen(own, "w");
    if (file == nullptr || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return;
    results = file;
}

std::string path_of_results() { return "/dev/fd/" + std::to_string(::fileno(results)); }

/// True for the file that results are redirected to.
bool takes_results(const std::string& path) {
    struct stat named = {};
    struct stat own = {};
    const int flags = ::fcntl(::fileno(results), F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && ::stat(path.c_str(), &named) == 0 && ::fstat(::fileno(results), &own) == 0 &&
           named.st_dev == own.st_dev && named.st_ino == own.st_ino;
}

void remember(bool written) {
    if (!written && output_errno == 0) output_errno = errno != 0 ? errno : EIO;
}

/// Descriptors are given out from the lowest: called for 0, 1, 2 in this order, it opens the one asked for.
void reserve(int descriptor, int access) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) return;
    const int opened = ::open("/dev/null", access);
    if (opened < 0 || opened == descriptor) return;
    ::dup2(opened, descriptor);
    ::close(opened);
}

}  // namespace

void prepare_streams() {
    reserve(STDIN_FILENO, O_RDONLY);
    reserve(STDOUT_FILENO, O_RDONLY);  // so that lost results are told
    reserve(STDERR_FILENO, O_WRONLY);
    keep_results_apart();
    for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
}

std::string results_path(const std::string& word) {
    for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
        if (word == name) return path_of_results();
    return takes_results(word) ? path_of_results() : word;
}

bool is_results_path(const std::filesystem::path& path) { return path == path_of_results(); }

void write_out(std::string_view text) {
    const auto shown = base::printable(text);
    errno = 0;
    remember(std::fwrite(shown.data(), 1, shown.size(), results) == shown.size());
}

void leave_standard_output() { results = stderr; }

void say_as_it_is(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stderr) == text.size()) std::fflush(stderr);
}

void say(std::string_view text) { say_as_it_is(base::printable(text)); }

std::string output_failure() {
    errno = 0;
    remember(std::fflush(results) == 0);
    return output_errno == 0 ? std::string() : base::reason_of(output_errno);
}

}  // namespace alkali::app
