#include "alkali/training/another_length.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace alkali::training {
namespace {

using Kind = ScheduleSettings::Kind;

/// Limits that differ: "max_epochs 20 (was 10)".
std::string changes(const TrainerSettings& before, const TrainerSettings& now) {
    std::string text;
    const auto add = [&](const char* name, double was, double is) {
        const auto number = [](double value) { return value > 0 ? fmt::format("{}", value) : std::string("none"); };
        if (was != is) text += fmt::format("{}{} {} (was {})", text.empty() ? "" : ", ", name, number(is), number(was));
    };
    add("max_epochs", static_cast<double>(before.max_epochs), static_cast<double>(now.max_epochs));
    add("numb_steps", static_cast<double>(before.max_steps), static_cast<double>(now.max_steps));
    add("max_seconds", before.max_seconds, now.max_seconds);
    add("max_cpu_seconds", before.max_cpu_seconds, now.max_cpu_seconds);
    add("patience", before.patience, now.patience);
    add("checkpoint_seconds", before.checkpoint_seconds, now.checkpoint_seconds);
    return text;
}

/// The schedule of a run of this length, and how far the state's steps and time bring it.
struct Plan {
    ScheduleSettings schedule;
    double steps = 0, progress = 0;

    Plan(const TrainerSettings& settings, const TrainerState& state, std::size_t frames) : steps(planned_steps(settings, frames)) {
        base::NullSink unheard;
        schedule = fitted_to(settings.schedule, steps, unheard);
        const auto share = [](double used, double limit) { return limit > 0 ? used / limit : 0.0; };
        progress = std::min(1.0, std::max({share(static_cast<double>(state.step), steps), share(state.used.wall, settings.max_seconds),
                                           share(state.used.cpu, settings.max_cpu_seconds)}));
    }
    [[nodiscard]] double rate(const TrainerState& state) const {
        Schedule so_far(schedule);
        so_far.restore(state.schedule);
        return so_far.learning_rate(progress, static_cast<double>(state.step));
    }
    /// Steps of the warm-up; 0: none.
    [[nodiscard]] double warmup() const { return std::ceil(schedule.warmup * steps); }
    [[nodiscard]] bool falls_to_its_end() const {
        return schedule.kind == Kind::cosine || (schedule.kind == Kind::exponential && schedule.decay_rate == 0);
    }
};

}  // namespace

void tell_another_length(const TrainerSettings& before, const TrainerSettings& now, const TrainerState& state, std::size_t frames,
                         base::LogSink& log) {
    const auto changed = changes(before, now);
    const std::string begin = fmt::format("the run goes on from step {} with {}", state.step, changed);
    if (state.step == 0) return log.info(begin);
    const Plan old(before, state, frames), plan(now, state, frames);
    if (old.steps == plan.steps && before.max_seconds == now.max_seconds && before.max_cpu_seconds == now.max_cpu_seconds)
        return log.info(begin);  // patience and checkpoints change no rate
    if (plan.falls_to_its_end() || old.falls_to_its_end())
        return log.warning(fmt::format(
            "{}; the learning rate had come to {:.2g} on its way to the end of the shorter plan and goes on with {:.2g}, that of the new "
            "one: the model will not be that of a run that had this length from the beginning (training.lr_schedule constant or plateau, "
            "or exponential with decay_rate, would give that)",
            begin, old.rate(state), plan.rate(state)));
    if (old.warmup() != plan.warmup())
        return log.warning(
            fmt::format("{}; it differs from a run that had this length from the beginning in that the learning rate rose "
                        "over its first {:.0f} steps, not {:.0f} (training.lr_schedule.warmup is a share of the run)",
                        begin, old.warmup(), plan.warmup()));
    const bool cut_short = state.finished && state.position < state.order.size();
    if (cut_short && plan.schedule.kind == Kind::plateau)
        return log.warning(begin + "; the validation at its earlier end counted for the plateau of the learning rate");
    log.info(begin + "; as if it had never stopped");
}

}  // namespace alkali::training
