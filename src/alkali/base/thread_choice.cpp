#include "alkali/base/thread_choice.hpp"

#include <omp.h>

#include <algorithm>

namespace alkali::base {
namespace {
constexpr int series = 3;                ///< pieces by which a choice is judged: one alone may have met somebody else's work
constexpr double cheap = 0.5;            ///< seconds: what is tried at once, at the beginning
constexpr double share_of_looks = 0.03;  ///< of the time, for trying what was not best
constexpr double clearly = 0.95;         ///< a change must gain more than chance does
}  // namespace

ThreadChoice::ThreadChoice(int most) {
    for (int n = 1; n < most; n *= 2) choices_.push_back({n, 0, 0});
    choices_.push_back({std::max(1, most), 0, 0});
    best_ = next_ = choices_.size() - 1;
}

void ThreadChoice::took(double seconds, double size) {
    total_ += seconds;
    if (!warm_) {
        warm_ = true;
        return;
    }
    series_cost_ += seconds / size;
    if (++pieces_ < series) return;
    end_series(series_cost_ / series);
    choose(size);
}

void ThreadChoice::end_series(double cost) {
    Choice& now = choices_[next_];
    now.cost = next_ == best_ && now.cost > 0 ? 0.5 * (now.cost + cost) : cost;
    now.looked_at = total_;
    series_cost_ = 0;
    pieces_ = 0;
}

void ThreadChoice::choose(double size) {
    if (next_ != best_ && choices_[next_].cost < clearly * choices_[best_].cost) best_ = next_;
    next_ = best_;
    // A single thread as well: where all wait for what others hold up, half as many wait as long.
    for (const std::size_t other : {best_ - 1, best_ + 1, std::size_t{0}})
        if (next_ == best_ && other != best_ && other < choices_.size() && worth_a_look(other, size)) next_ = other;
}

bool ThreadChoice::worth_a_look(std::size_t choice, double size) const {
    const Choice& there = choices_[choice];
    const Choice& here = choices_[best_];
    if (there.cost > 0) return total_ - there.looked_at > series * there.cost * size / share_of_looks;
    // Not known yet: half the threads take at most twice the time, and twice as many hardly longer.
    const double expected = series * here.cost * size * std::max(1.0, static_cast<double>(here.threads) / there.threads);
    return expected < cheap || total_ > expected / share_of_looks;
}

ThreadTurn::ThreadTurn(ThreadChoice* choice, double size) : choice_(choice), size_(size) {
    if (choice_ == nullptr) return;
    before_ = omp_get_max_threads();
    omp_set_num_threads(choice_->threads());
    start_ = std::chrono::steady_clock::now();
}

ThreadTurn::~ThreadTurn() {
    if (choice_ == nullptr) return;
    omp_set_num_threads(before_);
    if (size_ > 0) choice_->took(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(), size_);
}

}  // namespace alkali::base
