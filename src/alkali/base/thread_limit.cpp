#include "alkali/base/thread_limit.hpp"

#include <omp.h>

#include <algorithm>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {
constexpr int any_machine = 64, per_processor = 4;
}

int most_threads() { return std::max(any_machine, per_processor * omp_get_num_procs()); }

void require_threads(long long asked, const std::string& where) {
    if (asked >= 1 && asked <= most_threads()) return;
    throw InputError(
        "asks for " + std::to_string(asked) + " threads; this machine has " + std::to_string(omp_get_num_procs()) + " processors", where,
        "ask for 1 to " + std::to_string(most_threads()));
}

}  // namespace alkali::base
