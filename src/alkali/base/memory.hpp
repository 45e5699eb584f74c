#pragma once
#include <string>

namespace alkali::base {

/// Bytes of memory that this process may come to use: the machine's, or its control group's where that allows less. Asked of the system
/// once.
[[nodiscard]] double machine_memory();

/// Whether so many bytes fit; for what is asked often, before a message is put together.
[[nodiscard]] bool memory_holds(double bytes);

/// For what is known to need so many bytes before it begins. Errors: InputError naming `what`, its need and the machine's memory.
void require_memory(double bytes, const std::string& what, const std::string& where, const std::string& hint);

}  // namespace alkali::base
