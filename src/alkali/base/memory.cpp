#include "alkali/base/memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

/// Of a control group, versions 2 and 1; none where it says "max" or there is no such file.
double group_limit(double otherwise) {
    for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::ifstream file(path);
        if (double bytes = 0; file >> bytes && bytes > 0) return bytes;
    }
    return otherwise;
}

}  // namespace

double machine_memory() {
    static const double bytes = [] {
        const double all = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
        return std::min(all, group_limit(all));
    }();
    return bytes;
}

bool memory_holds(double bytes) { return bytes <= machine_memory() || machine_memory() <= 0; }

void require_memory(double bytes, const std::string& what, const std::string& where, const std::string& hint) {
    if (memory_holds(bytes)) return;
    throw InputError(
        fmt::format("{} would take about {:.3g} GB of memory; this machine has {:.3g} GB", what, 1e-9 * bytes, 1e-9 * machine_memory()),
        where, hint);
}

}  // namespace alkali::base
