#include "alkali/base/loopback.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace alkali::base {
namespace {

bool write_all(const char* path, const char* text, std::size_t size) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool written = ::write(file, text, size) == static_cast<ssize_t>(size);
    const int failure = errno;
    ::close(file);
    errno = failure;
    return written;
}

/// "ID ID 1": outside and inside alike. Without printf, which may not stand between fork and exec.
struct Map {
    std::array<char, 48> text{};
    std::size_t size = 0;

    explicit Map(unsigned id) {
        add(id);
        text[size++] = ' ';
        add(id);
        text[size++] = ' ';
        text[size++] = '1';
    }

private:
    void add(unsigned value) {
        std::array<char, 12> digits{};
        std::size_t count = 0;
        do digits[count++] = static_cast<char>('0' + value % 10);
        while ((value /= 10) > 0);
        while (count > 0) text[size++] = digits[--count];
    }
};

bool map_ids(unsigned user, unsigned group) {
    const Map users(user), groups(group);
    (void)write_all("/proc/self/setgroups", "deny", 4);
    return write_all("/proc/self/gid_map", groups.text.data(), groups.size) &&
           write_all("/proc/self/uid_map", users.text.data(), users.size);
}

bool raise_loopback() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP;
    const bool up = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    const int failure = errno;
    ::close(socket);
    errno = failure;
    return up;
}

}  // namespace

int leave_networks() noexcept {
    const unsigned user = ::geteuid(), group = ::getegid();
    // Administrators need no user namespace, which would take other users' files from them.
    if (::unshare(CLONE_NEWNET) != 0) {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return errno;
        if (!map_ids(user, group)) return errno;
    }
    return raise_loopback() ? 0 : errno;
}

bool can_leave_networks() {
    static const bool can = [] {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(leave_networks() == 0 ? 0 : 1);
        int status = -1;
        while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }();
    return can;
}

}  // namespace alkali::base
