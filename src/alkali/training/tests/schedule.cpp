#include "alkali/training/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "alkali/training/clock.hpp"

namespace alkali::training::schedule_tests {
namespace {

ScheduleSettings settings(ScheduleSettings::Kind kind) {
    ScheduleSettings s;
    s.kind = kind;
    s.lr = 0.1;
    s.stop_lr = 0.001;
    s.warmup = 0.2;
    return s;
}

TEST(Schedule, warms_up_linearly_and_falls_as_a_cosine_to_the_end) {
    Schedule schedule(settings(ScheduleSettings::Kind::cosine));
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0, 0), 0.001);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.1, 1), 0.0505);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.2, 2), 0.1);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.6, 3), 0.0505);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(1.0, 4), 0.001);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(1.7, 5), 0.001);
}

TEST(Schedule, exponential_halves_its_logarithm_halfway) {
    auto s = settings(ScheduleSettings::Kind::exponential);
    s.warmup = 0;
    Schedule schedule(s);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0, 0), 0.1);
    EXPECT_NEAR(schedule.learning_rate(0.5, 1), 0.01, 1e-15);
    EXPECT_NEAR(schedule.learning_rate(1, 2), 0.001, 1e-15);
}

TEST(Schedule, exponential_holds_for_decay_steps) {
    auto s = settings(ScheduleSettings::Kind::exponential);
    s.warmup = 0;
    s.decay_steps = 4;
    Schedule schedule(s);
    double last = 1;
    for (int step = 0; step < 16; ++step) {
        const double lr = schedule.learning_rate(step / 16.0, step);
        if (step % 4 == 0) {
            EXPECT_LT(lr, last);
            EXPECT_NEAR(lr, 0.1 * std::pow(0.01, step / 16.0), 1e-15);
        } else {
            EXPECT_EQ(lr, last);
        }
        last = lr;
    }
}

TEST(Schedule, decay_in_steps_shrinks_with_a_run_that_a_deadline_cuts_short) {
    // A million steps were asked for, there is time for 400: what would be step 5000 comes with progress 0.005.
    for (const double rate : {0.0, 0.95}) {
        auto s = settings(ScheduleSettings::Kind::exponential);
        s.warmup = 0;
        s.decay_steps = 5000;
        s.decay_rate = rate;
        s.stop_lr = 1e-6;
        Schedule whole(s), cut(s);
        for (int k = 0; k < 1000000; k += 2500) {
            const double progress = k / 1e6;
            EXPECT_NEAR(cut.learning_rate(progress, progress * 1e6), whole.learning_rate(progress, k), 1e-12) << k;
        }
        EXPECT_LT(cut.learning_rate(1, 1e6), 2e-5);
    }
}

TEST(Schedule, decay_in_steps_is_fitted_to_the_run) {
    class Memory final : public base::LogSink {
    public:
        void write(base::LogLevel level, std::string_view message) override {
            text += (level == base::LogLevel::warning ? "warning: " : "") + std::string(message) + "\n";
        }
        std::string text;
    } log;
    auto s = settings(ScheduleSettings::Kind::exponential);
    s.decay_steps = 5000;
    EXPECT_EQ(fitted_to(s, 6000, log).decay_steps, 5000);
    EXPECT_EQ(log.text, "");
    EXPECT_EQ(fitted_to(s, 300, log).decay_steps, 3);
    EXPECT_EQ(log.text, "decay_steps: 3 instead of 5000, since the run has 300 steps\n");
    s.decay_rate = 0.95;
    EXPECT_EQ(fitted_to(s, 300, log).decay_steps, 5000);
    EXPECT_THAT(log.text, ::testing::HasSubstr("warning: the learning rate stays at 0.1"));
    EXPECT_EQ(fitted_to(s, 0, log).decay_rate, 0);
    EXPECT_EQ(fitted_to(s, 0, log).decay_steps, 0);
    EXPECT_THAT(log.text, ::testing::HasSubstr("falls evenly from 0.1 to 0.001"));
}

TEST(Deadline, share_runs_from_the_first_step_whatever_set_up_took) {
    Deadline deadline(100, 0);
    deadline.begin({40, 0}, 0);
    EXPECT_EQ(deadline.share({40, 0}), 0);
    EXPECT_NEAR(deadline.share({70, 0}), 0.5, 0.01);
    EXPECT_EQ(deadline.share({100, 0}), 1);
    EXPECT_DOUBLE_EQ(deadline.spent({40, 0}), 0.4);
}

TEST(Deadline, a_continued_run_goes_on_where_it_was) {
    Deadline deadline(0, 100);
    deadline.begin({7, 60}, 0.3);  // its second start took time as well
    EXPECT_DOUBLE_EQ(deadline.share({7, 60}), 0.3);
    EXPECT_NEAR(deadline.share({9, 80}), 0.65, 0.01);
    EXPECT_EQ(deadline.share({9, 100}), 1);
}

TEST(Deadline, without_time_for_a_step_the_share_is_full) {
    Deadline deadline(10, 0);
    deadline.closing_took({5, 5});
    deadline.begin({6, 6}, 0);
    EXPECT_EQ(deadline.share({6, 6}), 1);
    EXPECT_TRUE(deadline.reached({6, 6}));
}

TEST(Deadline, pieces_that_fit_into_a_share_of_what_is_left) {
    const Deadline both(100, 50), none(0, 0);
    EXPECT_DOUBLE_EQ(both.pieces({1, 1}, {20, 10}, 0.1), 4);  // of the CPU time
    EXPECT_TRUE(std::isinf(none.pieces({1, 1}, {20, 10}, 0.1)));
}

TEST(Schedule, plateau_reduces_after_its_patience_and_not_below_the_end) {
    auto s = settings(ScheduleSettings::Kind::plateau);
    s.warmup = 0;
    s.patience = 2;
    s.factor = 0.1;
    Schedule schedule(s);
    for (const double loss : {1.0, 0.9, 0.95, 0.9}) schedule.validated(loss);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.5, 4), 0.1);
    schedule.validated(0.91);  // the third epoch without a better loss
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.5, 5), 0.01);
    for (int k = 0; k < 20; ++k) schedule.validated(1.0);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.5, 25), 0.001);
}

TEST(Schedule, state_survives_json) {
    auto s = settings(ScheduleSettings::Kind::plateau);
    s.warmup = 0;
    s.patience = 1;
    Schedule first(s);
    for (const double loss : {1.0, 1.0, 1.0, 1.0}) first.validated(loss);
    Schedule second(s);
    second.restore(nlohmann::json::parse(first.state().dump()));
    EXPECT_EQ(second.learning_rate(0.5, 4), first.learning_rate(0.5, 4));
    first.validated(1.0);
    second.validated(1.0);
    EXPECT_EQ(second.learning_rate(0.5, 5), first.learning_rate(0.5, 5));
    EXPECT_EQ(second.state(), first.state());
}

TEST(Schedule, constant_stays) {
    Schedule schedule(settings(ScheduleSettings::Kind::constant));
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.3, 1), 0.1);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(1, 2), 0.1);
}

}  // namespace
}  // namespace alkali::training::schedule_tests
