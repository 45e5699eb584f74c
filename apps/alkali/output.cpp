#include "output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "alkali/base/descriptor.hpp"
#include "alkali/base/printable.hpp"

namespace alkali::app {
namespace {

// Of the process, as standard output is.
int output_errno = 0;
std::FILE* results = stdout;

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
    for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
}

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
