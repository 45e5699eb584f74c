#pragma once
#include <string>

namespace alkali::base {

/// Most threads that a process may be asked for: a few times the processors, and never fewer than some tens, which any machine bears.
/// Far beyond, OpenMP's library ends the process.
[[nodiscard]] int most_threads();

/// Errors: InputError naming `where` (an option, a variable) and the most.
void require_threads(long long asked, const std::string& where);

}  // namespace alkali::base
