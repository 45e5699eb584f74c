#include "alkali/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace alkali::training {

double Schedule::learning_rate(double progress, std::int64_t step) {
    const ScheduleSettings& s = settings_;
    const double p = std::clamp(progress, 0.0, 1.0);
    if (s.warmup > 0 && p < s.warmup) return s.stop_lr + (s.lr - s.stop_lr) * p / s.warmup;
    const double rest = s.warmup < 1 ? (p - s.warmup) / (1 - s.warmup) : 1;
    switch (s.kind) {
        case ScheduleSettings::Kind::constant: return s.lr;
        case ScheduleSettings::Kind::cosine: return s.stop_lr + 0.5 * (s.lr - s.stop_lr) * (1 + std::cos(std::numbers::pi * rest));
        case ScheduleSettings::Kind::exponential:
            if (s.decay_steps == 0 || step % s.decay_steps == 0) held_progress_ = rest;
            return s.lr * std::pow(s.stop_lr / s.lr, held_progress_);
        case ScheduleSettings::Kind::plateau: return std::max(s.stop_lr, s.lr * reduction_);
    }
    return s.lr;
}

void Schedule::validated(double loss) {
    if (settings_.kind != ScheduleSettings::Kind::plateau) return;
    if (loss < best_) {
        best_ = loss;
        waited_ = 0;
    } else if (++waited_ > settings_.patience) {
        reduction_ *= settings_.factor;
        waited_ = 0;
    }
}

nlohmann::json Schedule::state() const {
    nlohmann::json state = {{"held_progress", held_progress_}, {"reduction", reduction_}, {"waited", waited_}, {"best", nullptr}};
    if (std::isfinite(best_)) state["best"] = best_;
    return state;
}

void Schedule::restore(const nlohmann::json& state) {
    held_progress_ = state.at("held_progress");
    reduction_ = state.at("reduction");
    waited_ = state.at("waited");
    best_ = state.at("best").is_null() ? std::numeric_limits<double>::infinity() : state.at("best").get<double>();
}

}  // namespace alkali::training
