#pragma once
#include <atomic>

namespace alkali::app {

/// From here on the first SIGINT (Ctrl-C), SIGTERM or SIGHUP only sets the flag, so that a long task ends in order; a second one ends
/// the program at once.
[[nodiscard]] const std::atomic<bool>& catch_interrupts();

}  // namespace alkali::app
