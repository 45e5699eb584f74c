#include "alkali/base/nearest.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace alkali::base::nearest_tests {
namespace {

TEST(Nearest, counts_edits_and_swaps_of_neighbours) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("Energy", "energy"), 0u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("lattcie", "lattice"), 1u);
    EXPECT_EQ(edit_distance("abcd", "badc"), 2u);
    EXPECT_EQ(edit_distance("r_max", "rmax"), 1u);
}

TEST(Nearest, names_what_may_be_meant_best_first) {
    const std::vector<std::string> known{"elastic", "lattice", "vacancy"};
    EXPECT_EQ(did_you_mean("latice", known), "did you mean lattice?");
    EXPECT_EQ(did_you_mean("completely_else", known), "");
    EXPECT_EQ(nearest("lattic", known, 2).front(), "lattice");
}

TEST(Nearest, of_a_very_long_name_is_nothing_at_once) {
    const std::string longest(5'000'000, 'a');
    const std::vector<std::string> known(300, std::string(80, 'a'));
    const std::vector<std::string> as_long{longest};
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(nearest(longest, known).empty());
    EXPECT_TRUE(nearest(longest, as_long).empty());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));  // the whole table takes hours
}

}  // namespace
}  // namespace alkali::base::nearest_tests
