#include "alkali/training/clock.hpp"

#include <algorithm>
#include <array>
#include <limits>

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

void Deadline::begin(const Seconds& used, double share) {
    begin_ = used;
    begin_share_ = share;
}

double Deadline::share(const Seconds& used) const {
    const auto part = [this](double limit, double closing, double begin, double spent) {
        if (limit <= 0) return 0.0;
        const double available = limit - closing_margin * closing - closing_floor - begin;
        return available <= 0 ? 1.0 : std::clamp(begin_share_ + (1 - begin_share_) * (spent - begin) / available, 0.0, 1.0);
    };
    return std::max(part(limit_.wall, closing_.wall, begin_.wall, used.wall), part(limit_.cpu, closing_.cpu, begin_.cpu, used.cpu));
}

double Deadline::spent(const Seconds& used) const {
    return std::max(limit_.wall > 0 ? used.wall / limit_.wall : 0.0, limit_.cpu > 0 ? used.cpu / limit_.cpu : 0.0);
}

double Deadline::pieces(const Seconds& piece, const Seconds& used, double share) const {
    const auto of = [share](double limit, double each, double spent) {
        if (limit <= 0 || each <= 0) return std::numeric_limits<double>::infinity();
        return share * std::max(0.0, limit - spent) / each;
    };
    return std::min(of(limit_.wall, piece.wall, used.wall), of(limit_.cpu, piece.cpu, used.cpu));
}

bool Deadline::reached(const Seconds& used) const { return share({used.wall + step_.wall, used.cpu + step_.cpu}) >= 1.0; }

}  // namespace alkali::training
