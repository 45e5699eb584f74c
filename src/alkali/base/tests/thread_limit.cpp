#include "alkali/base/thread_limit.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include "alkali/base/error.hpp"

namespace alkali::base::thread_limit_tests {
namespace {

TEST(ThreadLimit, leaves_room_for_every_processor_and_names_who_asked_for_more) {
    EXPECT_GE(most_threads(), omp_get_num_procs());
    EXPECT_NO_THROW(require_threads(1, "--threads"));
    EXPECT_NO_THROW(require_threads(most_threads(), "--threads"));
    for (const long long asked : {100000LL, most_threads() + 1LL, 0LL, -1LL, 1LL << 40}) {
        try {
            require_threads(asked, "--threads");
            FAIL() << asked;
        } catch (const InputError& error) {
            EXPECT_EQ(error.where(), "--threads");
        }
    }
}

}  // namespace
}  // namespace alkali::base::thread_limit_tests
