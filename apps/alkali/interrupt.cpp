#include "interrupt.hpp"

#include <csignal>

namespace alkali::app {
namespace {

// A signal handler can reach nothing but what lives as long as the program.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) { interrupted = true; }

}  // namespace

const std::atomic<bool>& catch_interrupts() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action = {};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler == SIG_IGN) continue;  // nohup, or a background job of a plain shell
        action = {};
        action.sa_handler = on_signal;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
        ::sigaction(signal, &action, nullptr);
    }
    return interrupted;
}

}  // namespace alkali::app
