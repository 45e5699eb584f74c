#include "alkali/base/threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace alkali::base::threads_tests {
namespace {

TEST(ParallelFor, does_every_task_once) {
    std::vector<int> done(1000, 0);
    parallel_for(done.size(), [&](std::size_t i) { ++done[i]; });
    EXPECT_EQ(std::accumulate(done.begin(), done.end(), 0), 1000);
    EXPECT_EQ(*std::max_element(done.begin(), done.end()), 1);
}

TEST(ParallelFor, throws_the_first_failure_in_order) {
    for (int attempt = 0; attempt < 20; ++attempt) {
        try {
            parallel_for(100, [](std::size_t i) {
                if (i % 7 == 3) throw std::runtime_error(std::to_string(i));
            });
            FAIL() << "nothing thrown";
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "3");
        }
    }
}

}  // namespace
}  // namespace alkali::base::threads_tests
