#include "alkali/base/stack_limit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/error.hpp"

namespace alkali::base::stack_limit_tests {
namespace {

std::string message(const char* omp, const char* gomp) {
    try {
        require_stack(omp, gomp);
    } catch (const InputError& error) {
        return error.what();
    }
    return "good";
}

TEST(StackLimit, sizes_are_read_as_openmp_reads_them) {
    EXPECT_EQ(openmp_size("64"), 64u << 10);
    EXPECT_EQ(openmp_size(" 64 k "), 64u << 10);
    EXPECT_EQ(openmp_size("65536B"), 65536u);
    EXPECT_EQ(openmp_size("2m"), 2u << 20);
    EXPECT_EQ(openmp_size("1G"), 1u << 30);
    for (const char* none : {"", " ", "k", "-1", "1x", "1kk", "12.5", "99999999999999999999", "99999999999999G"})
        EXPECT_EQ(openmp_size(none), std::nullopt) << none;
}

TEST(StackLimit, too_small_a_stack_is_refused_by_the_name_of_what_gives_it) {
    EXPECT_EQ(message(nullptr, nullptr), "good");
    EXPECT_EQ(message("256k", "16k"), "good");  // the first one counts
    EXPECT_EQ(message("no size", nullptr), "good");
    EXPECT_THAT(message("255k", nullptr), ::testing::AllOf(::testing::HasSubstr("OMP_STACKSIZE"), ::testing::HasSubstr("256 kB")));
    EXPECT_THAT(message("no size", "16k"), ::testing::HasSubstr("GOMP_STACKSIZE"));
    EXPECT_EQ(message("4G", nullptr), "good");
    EXPECT_THAT(message("1000G", nullptr), ::testing::AllOf(::testing::HasSubstr("OMP_STACKSIZE"), ::testing::HasSubstr("1000 GB")));
    EXPECT_THAT(message("0", nullptr), ::testing::HasSubstr("OMP_STACKSIZE"));
}

}  // namespace
}  // namespace alkali::base::stack_limit_tests
