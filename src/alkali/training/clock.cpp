#include "alkali/training/clock.hpp"

#include <algorithm>
#include <array>

#include "alkali/base/process.hpp"

namespace alkali::training {
namespace {
constexpr double closing_margin = 1.2;  ///< the last validation may be slower than those measured
constexpr double closing_floor = 0.1;   ///< seconds for writing and leaving
}  // namespace

Seconds RunClock::now() const {
    std::array<double, 2> values = {std::chrono::duration<double>(std::chrono::steady_clock::now() - origin_.start).count() + earlier_.wall,
                                    base::process_cpu_seconds() - origin_.cpu_before + earlier_.cpu};
    communicator_.from_first(values);
    return {values[0], values[1]};
}

void Deadline::closing_took(const Seconds& seconds) {
    closing_ = {std::max(closing_.wall, seconds.wall), std::max(closing_.cpu, seconds.cpu)};
}

void Deadline::step_took(const Seconds& seconds) {
    constexpr double memory = 0.98;
    step_ = {std::max(memory * step_.wall, seconds.wall), std::max(memory * step_.cpu, seconds.cpu)};
}

double Deadline::share(const Seconds& used) const {
    const auto part = [](double limit, double closing, double spent) {
        if (limit <= 0) return 0.0;
        const double available = limit - closing_margin * closing - closing_floor;
        return available <= 0 ? 1.0 : std::min(1.0, spent / available);
    };
    return std::max(part(limit_.wall, closing_.wall, used.wall), part(limit_.cpu, closing_.cpu, used.cpu));
}

bool Deadline::reached(const Seconds& used) const { return share({used.wall + step_.wall, used.cpu + step_.cpu}) >= 1.0; }

}  // namespace alkali::training
