#include "alkali/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace alkali::training {

double Schedule::learning_rate(double progress, std::int64_t step) {
    const ScheduleSettings& s = settings_;
    const double p = std::clamp(progress, 0.0, 1.0);
    if (s.warmup > 0 && p < s.warmup) {
        const double begin = s.warmup_start < 0 ? s.stop_lr : s.warmup_start;
        return begin + (s.lr - begin) * p / s.warmup;
    }
    if (first_step_ < 0) first_step_ = step;
    const double rest = s.warmup < 1 ? (p - s.warmup) / (1 - s.warmup) : 1;
    switch (s.kind) {
        case ScheduleSettings::Kind::constant: return s.lr;
        case ScheduleSettings::Kind::cosine: return s.stop_lr + 0.5 * (s.lr - s.stop_lr) * (1 + std::cos(std::numbers::pi * rest));
        case ScheduleSettings::Kind::exponential: return exponential(rest, step);
        case ScheduleSettings::Kind::plateau: return std::max(s.stop_lr, s.lr * reduction_);
    }
    return s.lr;
}

double Schedule::exponential(double rest, std::int64_t step) {
    const ScheduleSettings& s = settings_;
    const std::int64_t steps = step - first_step_;
    if (s.decay_rate > 0) {
        const double intervals = s.decay_steps == 0 ? static_cast<double>(steps) : static_cast<double>(steps / s.decay_steps);
        return std::max(s.stop_lr, s.lr * std::pow(s.decay_rate, intervals));
    }
    if (s.decay_steps == 0 || steps % s.decay_steps == 0) held_progress_ = rest;
    return s.lr * std::pow(s.stop_lr / s.lr, held_progress_);
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
    nlohmann::json state = {
        {"held_progress", held_progress_}, {"first_step", first_step_}, {"reduction", reduction_}, {"waited", waited_}, {"best", nullptr}};
    if (std::isfinite(best_)) state["best"] = best_;
    return state;
}

void Schedule::restore(const nlohmann::json& state) {
    held_progress_ = state.at("held_progress");
    first_step_ = state.value("first_step", std::int64_t{0});
    reduction_ = state.at("reduction");
    waited_ = state.at("waited");
    best_ = state.at("best").is_null() ? std::numeric_limits<double>::infinity() : state.at("best").get<double>();
}

}  // namespace alkali::training
