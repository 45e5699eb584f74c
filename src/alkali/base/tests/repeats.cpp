#include "alkali/base/repeats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alkali::base::repeats_tests {
namespace {

using ::testing::ElementsAre;

TEST(Repeats, tell_a_fault_once_with_its_count_and_first_places) {
    Repeats repeats;
    for (int frame = 3; frame < 40; ++frame) repeats.add("a.extxyz, frame " + std::to_string(frame), "no stress");
    repeats.add("a.extxyz, frame 5", "an odd cell");
    EXPECT_THAT(repeats.lines(), ElementsAre("a.extxyz, frame 3: no stress (37 times, also in frame 4, frame 5, frame 6, frame 7, ...)",
                                             "a.extxyz, frame 5: an odd cell"));
}

TEST(Repeats, count_texts_that_differ_in_numbers_as_one) {
    Repeats repeats;
    repeats.add("a, frame 0", "a force of 1.5e-7 eV/angstrom on atom 3");
    repeats.add("b, frame 0", "a force of -12 eV/angstrom on atom 14");
    EXPECT_THAT(repeats.lines(), ElementsAre("a, frame 0: a force of 1.5e-7 eV/angstrom on atom 3 (2 times, also in b, frame 0)"));
}

TEST(Repeats, of_one_place_name_it_once) {
    Repeats repeats;
    for (int k = 0; k < 3; ++k) repeats.add("", "the same");
    EXPECT_THAT(repeats.lines(), ElementsAre("the same (3 times)"));
}

TEST(Repeats, beyond_the_kinds_that_are_told_are_counted) {
    struct Memory final : LogSink {
        void write(LogLevel, std::string_view message) override { told.emplace_back(message); }
        std::vector<std::string> told;
    } log;
    Repeats repeats;
    for (const char* text : {"one", "two", "three", "three"}) repeats.add("f", text);
    repeats.tell(log, 1, "look for more");
    EXPECT_THAT(log.told, ElementsAre("f: one", "3 more warnings; look for more"));
    EXPECT_TRUE(repeats.empty());
}

TEST(Repeats, take_the_place_out_of_a_message_that_begins_with_it) {
    EXPECT_EQ(Repeats::text_of("a, frame 0: wrong", "a, frame 0"), "wrong");
    EXPECT_EQ(Repeats::text_of("wrong", "a, frame 0"), "wrong");
}

}  // namespace
}  // namespace alkali::base::repeats_tests
