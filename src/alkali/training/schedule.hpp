#pragma once
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "alkali/base/log.hpp"

namespace alkali::training {

/// How the learning rate falls. progress runs from 0 to 1: the larger of the fractions of epochs (or steps) and of time
/// that are used up, so that every schedule ends at its deadline.
struct ScheduleSettings {
    enum class Kind { constant, cosine, exponential, plateau };
    Kind kind = Kind::cosine;
    double lr = 0.01;
    double stop_lr = 1e-4;         ///< cosine, exponential: reached at progress 1; plateau: lower bound
    double warmup = 0.01;          ///< share of progress over which lr rises linearly from warmup_start
    double warmup_start = -1;      ///< learning rate at the very beginning; negative: stop_lr
    std::int64_t decay_steps = 0;  ///< exponential: lr is held for this many steps at a time; 0: falls at every step
    double decay_rate = 0;         ///< exponential: factor of lr per decay_steps, down to stop_lr; 0: as stop_lr asks for
    double factor = 0.5;           ///< plateau: lr is multiplied by it ...
    int patience = 10;             ///< ... after this many epochs without a better validation loss
};

/// The schedule of a run of so many steps (0: as many as its time allows). decay_steps as long as the whole run would hold the rate
/// at its beginning, and without a number of steps nobody knows how many decays are to come: there it falls evenly to stop_lr.
/// What is changed is said in the log.
[[nodiscard]] ScheduleSettings fitted_to(ScheduleSettings settings, double planned_steps, base::LogSink& log);

class Schedule {
public:
    explicit Schedule(const ScheduleSettings& settings) : settings_(settings) {}
    /// For the step to be taken. step: its number; in a run that a deadline cuts short, progress times the steps that it would
    /// have had, so that decay in steps shrinks with the run.
    [[nodiscard]] double learning_rate(double progress, double step);
    /// After a validation (plateau only).
    void validated(double loss);
    [[nodiscard]] nlohmann::json state() const;
    void restore(const nlohmann::json& state);

private:
    [[nodiscard]] double exponential(double rest, double step);

    ScheduleSettings settings_;
    double held_progress_ = 0;  // of the step that began the present interval of decay_steps
    double interval_ = -1;      // its number
    double first_step_ = -1;    // the first one after the warm-up
    double reduction_ = 1, best_ = std::numeric_limits<double>::infinity();
    int waited_ = 0;
};

}  // namespace alkali::training
