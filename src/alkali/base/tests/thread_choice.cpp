#include "alkali/base/thread_choice.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <map>

namespace alkali::base::thread_choice_tests {
namespace {

/// Lets `pieces` pieces of size 54 pass, whose time with n threads is seconds(n). Gives how often each number had its turn.
template <class Seconds>
std::map<int, int> pass(ThreadChoice& choice, int pieces, const Seconds& seconds) {
    std::map<int, int> turns;
    for (int k = 0; k < pieces; ++k) {
        ++turns[choice.threads()];
        choice.took(seconds(choice.threads()), 54);
    }
    return turns;
}

double alone(int threads) { return 0.002 / threads; }
/// Waiting for threads that others hold up, as measured: 39 us/atom with one thread, 1125 with two.
double among_others(int threads) { return threads == 1 ? 54 * 39e-6 : 54 * 1125e-6; }

TEST(ThreadChoice, an_idle_machine_gives_all_its_threads) {
    ThreadChoice choice(8);
    EXPECT_EQ(choice.threads(), 8);
    EXPECT_GT(pass(choice, 2000, alone)[8], 1900);
}

TEST(ThreadChoice, a_busy_machine_gives_one) {
    ThreadChoice choice(2);
    const auto turns = pass(choice, 2000, among_others);
    EXPECT_GT(turns.at(1), 1950);
    double spent = 0;
    for (const auto& [threads, times] : turns) spent += times * among_others(threads);
    EXPECT_LT(spent, 1.2 * 2000 * among_others(1));
}

TEST(ThreadChoice, load_that_comes_and_goes_is_followed) {
    ThreadChoice choice(4);
    pass(choice, 500, alone);
    pass(choice, 500, among_others);
    EXPECT_GT(pass(choice, 500, among_others)[1], 450);
    pass(choice, 30000, alone);
    EXPECT_GT(pass(choice, 500, alone)[4], 450);
}

TEST(ThreadChoice, large_work_is_not_tried_with_few_threads_at_once) {
    ThreadChoice choice(64);
    const auto turns = pass(choice, 10, [](int threads) { return 64.0 / threads; });
    EXPECT_EQ(turns.size(), 1U);
}

TEST(ThreadChoice, takes_any_number_of_threads) {
    for (int most = 1; most < 20; ++most) {
        ThreadChoice choice(most);
        EXPECT_EQ(choice.threads(), most);
        for (const auto& [threads, times] : pass(choice, 200, among_others)) EXPECT_LE(threads, most);
    }
}

TEST(ThreadTurn, sets_the_number_back) {
    const int before = omp_get_max_threads();
    ThreadChoice choice(before + 3);
    {
        const ThreadTurn turn(&choice, 10);
        EXPECT_EQ(omp_get_max_threads(), before + 3);
    }
    EXPECT_EQ(omp_get_max_threads(), before);
    const ThreadTurn none(nullptr, 10);
    EXPECT_EQ(omp_get_max_threads(), before);
}

}  // namespace
}  // namespace alkali::base::thread_choice_tests
