#include "alkali/base/profile.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace alkali::base::profile_tests {
namespace {

void wait() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

TEST(Profile, adds_up_by_part_in_the_order_of_first_mention) {
    Profile profile;
    profile.add_seconds("b", 1);
    profile.add_operations("a", 5);
    profile.add_seconds("b", 2);
    profile.add_operations("b", 7);
    ASSERT_EQ(profile.parts().size(), 2U);
    EXPECT_EQ(profile.parts()[0].name, "b");
    EXPECT_EQ(profile.parts()[0].seconds, 3);
    EXPECT_EQ(profile.parts()[1].operations, 5);
    EXPECT_EQ(profile.seconds(), 3);
    EXPECT_EQ(profile.operations(), 12);
}

TEST(Laps, give_each_part_the_time_since_the_last_one) {
    using Clock = std::chrono::steady_clock;
    Profile profile;
    const auto start = Clock::now();
    Laps laps(&profile);
    wait();
    laps.end("first");
    wait();
    laps.skip();
    wait();
    laps.end("second");
    const double whole = std::chrono::duration<double>(Clock::now() - start).count();
    ASSERT_EQ(profile.parts().size(), 2U);
    for (const auto& part : profile.parts()) EXPECT_GE(part.seconds, 0.01);
    EXPECT_LE(profile.seconds(), whole - 0.01);  // what was skipped
}

TEST(Laps, of_a_team_are_those_of_its_first_thread) {
    Profile profile;
#pragma omp parallel num_threads(2)
    {
        Laps laps(&profile);
        wait();
        laps.end("work");
    }
    EXPECT_GE(profile.seconds(), 0.01);
    ASSERT_EQ(profile.parts().size(), 1U);
}

TEST(Laps, do_nothing_without_a_profile) {
    Laps laps(nullptr);
    laps.end("work");
    laps.skip();
}

}  // namespace
}  // namespace alkali::base::profile_tests
