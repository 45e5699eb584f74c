#pragma once

namespace alkali::base {

// Programs that start processes by MPI let them listen at every address of the machine. A network namespace of their own holds
// nothing but the loopback, so that nobody elsewhere reaches them.

/// Puts this process, which must have one thread, and what it starts into a network namespace of its own. System calls only, so
/// that it may stand between fork and exec. Gives 0 or the error number; the process is then of no further use.
[[nodiscard]] int leave_networks() noexcept;

/// Whether leave_networks() works on this machine (user namespaces may be forbidden, in containers above all). Tried once, in a
/// process of its own.
[[nodiscard]] bool can_leave_networks();

}  // namespace alkali::base
