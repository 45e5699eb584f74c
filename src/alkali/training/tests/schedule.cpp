#include "alkali/training/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace alkali::training {
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
}  // namespace alkali::training
