#include "alkali/training/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace alkali::training {

ScheduleSettings fitted_to(ScheduleSettings settings, double planned_steps, base::LogSink& log) {
    const bool in_steps = settings.decay_steps > 0 || settings.decay_rate > 0;
    if (settings.kind != ScheduleSettings::Kind::exponential || !in_steps) return settings;
    const auto interval = static_cast<double>(settings.decay_steps);
    if (planned_steps == 0) {
        log.info(
            fmt::format("decay_steps and decay_rate are set aside: the time limit decides how many steps there are, and the learning "
                        "rate falls evenly from {:.3g} to {:.3g}",
                        settings.lr, settings.stop_lr));
        settings.decay_steps = 0;
        settings.decay_rate = 0;
    } else if (interval >= planned_steps && settings.decay_rate > 0) {
        log.warning(fmt::format("the learning rate stays at {:.3g}: the {:.0f} steps of this run are fewer than decay_steps ({:.0f})",
                                settings.lr, planned_steps, interval));
    } else if (interval >= planned_steps) {
        settings.decay_steps = static_cast<std::int64_t>(std::min(0x1p53, std::ceil(planned_steps / 100)));
        log.info(fmt::format("decay_steps: {} instead of {:.0f}, since the run has {:.0f} steps", settings.decay_steps, interval,
                             planned_steps));
    }
    return settings;
}

double Schedule::learning_rate(double progress, double step) {
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

double Schedule::exponential(double rest, double step) {
    const ScheduleSettings& s = settings_;
    const double steps = step - first_step_, interval = s.decay_steps == 0 ? steps : std::floor(steps / static_cast<double>(s.decay_steps));
    if (s.decay_rate > 0) return std::max(s.stop_lr, s.lr * std::pow(s.decay_rate, interval));
    if (interval != interval_) held_progress_ = rest;
    interval_ = interval;
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
    nlohmann::json state = {{"held_progress", held_progress_}, {"interval", interval_}, {"first_step", first_step_},
                            {"reduction", reduction_},         {"waited", waited_},     {"best", nullptr}};
    if (std::isfinite(best_)) state["best"] = best_;
    return state;
}

void Schedule::restore(const nlohmann::json& state) {
    held_progress_ = state.at("held_progress");
    interval_ = state.at("interval");
    first_step_ = state.at("first_step");
    reduction_ = state.at("reduction");
    waited_ = state.at("waited");
    best_ = state.at("best").is_null() ? std::numeric_limits<double>::infinity() : state.at("best").get<double>();
}

}  // namespace alkali::training
