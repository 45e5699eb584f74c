#pragma once
#include <chrono>

#include "alkali/training/communicator.hpp"

namespace alkali::training {

/// Wall and CPU seconds.
struct Seconds {
    double wall = 0, cpu = 0;
};

/// Where a run's clocks begin.
struct RunOrigin {
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    double cpu_before = 0;  ///< CPU seconds of the process that belong to other work
};

/// Time used by a run, including what earlier parts of it used before a restart. The CPU time is that of the whole
/// process since it began (less cpu_before). All ranks see the clocks of rank 0.
class RunClock {
public:
    RunClock(Communicator& communicator, const RunOrigin& origin) : communicator_(communicator), origin_(origin) {}
    void add_earlier(const Seconds& used) { earlier_ = used; }
    [[nodiscard]] Seconds now() const;

private:
    Communicator& communicator_;
    RunOrigin origin_;
    Seconds earlier_;
};

/// A time limit that is kept: work stops early enough for what must still follow (validation, writing).
class Deadline {
public:
    /// 0: no limit.
    Deadline(double max_wall, double max_cpu) : limit_{max_wall, max_cpu} {}
    /// What a validation with writing took; the longest counts.
    void closing_took(const Seconds& seconds);
    /// What a step took; the longest of late counts.
    void step_took(const Seconds& seconds);
    /// The first step comes now, when so much is used: what came before it (reading, set-up) is no part of the schedule.
    /// share: how far the schedule had come before (a continued run).
    void begin(const Seconds& used, double share);
    /// How far the time from the first step to the last is used up, 0 to 1 (0 without a limit).
    [[nodiscard]] double share(const Seconds& used) const;
    /// Share of the whole limit, set-up and all (0 without a limit).
    [[nodiscard]] double spent(const Seconds& used) const;
    /// How many pieces of work of this length fit into a share of the time that is left (infinitely many without a limit).
    [[nodiscard]] double pieces(const Seconds& piece, const Seconds& used, double share) const;
    /// True if there is no time for a further step.
    [[nodiscard]] bool reached(const Seconds& used) const;

private:
    Seconds limit_, closing_, step_, begin_;
    double begin_share_ = 0;
};

}  // namespace alkali::training
