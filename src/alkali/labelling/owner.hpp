#pragma once
#include <cstdint>
#include <string>

namespace alkali::labelling {

/// Who computes a structure at the moment: a process, so that others can tell whether it still lives.
struct Owner {
    std::string name;          ///< unique among all owners at a time
    std::string machine;       ///< host, its boot and its process namespace: equal means that process ids can be compared
    std::int64_t process = 0;  ///< process id
    std::int64_t started = 0;  ///< clock ticks since boot: a process id may be given again, this with it hardly
};

/// This process. An empty name becomes one of machine, process and start. A job of a batch system has its own name: the same
/// job started again by the batch system is the same owner.
[[nodiscard]] Owner this_process(std::string name = {});

enum class Life { alive, dead, unknown };
/// unknown: on another machine, or of another user whose processes are hidden.
[[nodiscard]] Life life_of(const Owner& owner);

}  // namespace alkali::labelling
