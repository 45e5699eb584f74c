#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alkali::base {

/// Seconds and operations of a computation by named part. Whoever wants to know hands one down; a null pointer costs nothing.
class Profile {
public:
    struct Part {
        std::string name;
        double seconds = 0;     ///< wall time
        double operations = 0;  ///< floating-point operations the mathematics needs (a multiply-add is two); 0: not counted
    };

    void add_seconds(std::string_view part, double seconds) { at(part).seconds += seconds; }
    void add_operations(std::string_view part, double operations) { at(part).operations += operations; }
    /// In the order in which the parts came up.
    [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
    [[nodiscard]] double seconds() const;
    [[nodiscard]] double operations() const;

private:
    Part& at(std::string_view part);
    std::vector<Part> parts_;
};

/// A stopwatch with laps: end(part) gives the time since the last end() (or the construction) to that part. In a team of
/// threads the first one is timed for all of them: its laps are wall time as far as the team's work is even. One thread's
/// time at a barrier belongs to no part.
class Laps {
public:
    using Clock = std::chrono::steady_clock;
    explicit Laps(Profile* profile);
    void end(const char* part) {
        if (profile_) add(part);
    }
    /// Forgets the time since the last end(): it belongs to no part, or to laps of another scope.
    void skip() {
        if (profile_) last_ = Clock::now();
    }

private:
    void add(const char* part);
    Profile* profile_;
    Clock::time_point last_;
};

}  // namespace alkali::base
