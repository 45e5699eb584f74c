#include "alkali/labelling/queue/local.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "alkali/base/error.hpp"

namespace alkali::labelling {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration seconds(double value) { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(value)); }

// Signals are flags without notification; this often they are looked at.
constexpr auto glance = std::chrono::milliseconds(50);

struct Pending {
    const Job* job = nullptr;
    int tries = 0;                                       ///< so far
    Clock::time_point not_before = Clock::time_point();  ///< somebody else is at it: look again then
};

/// One run of the pool.
class Pool {
public:
    Pool(std::span<const Job> jobs, const LocalSettings& settings, Watch& watch, const Signals& signals)
        : settings_(settings), watch_(watch), signals_(signals) {
        for (const auto& job : jobs) pending_.push_back({&job});
    }

    void run(const Labeller& labeller, Store& store) {
        const Bench bench{labeller, store, this_process(), settings_.limits, settings_.scratch, &stop_, settings_.lease};
        // Whatever is thrown here, no thread is left behind.
        Workers workers(stop_);
        start(bench, workers.threads);
        attend(store, bench.owner.name);
        workers.join();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    struct Workers {
        explicit Workers(std::atomic<bool>& stop_all) : stop(stop_all) {}
        ~Workers() {
            stop = true;
            join();
        }
        Workers(const Workers&) = delete;
        Workers& operator=(const Workers&) = delete;
        void join() {
            for (auto& thread : threads)
                if (thread.joinable()) thread.join();
        }
        std::atomic<bool>& stop;
        std::vector<std::thread> threads{};
    };

    /// As many workers as there is work and the machine allows. Errors: ExternalProgramError if it allows none.
    void start(const Bench& bench, std::vector<std::thread>& workers) {
        const std::lock_guard lock(mutex_);
        const int wanted = static_cast<int>(std::min(static_cast<std::size_t>(settings_.jobs), pending_.size()));
        workers.reserve(static_cast<std::size_t>(wanted));
        try {
            for (; working_ < wanted; ++working_) workers.emplace_back([this, &bench] { work(bench); });
        } catch (const std::system_error& error) {
            if (workers.empty())
                throw ExternalProgramError(std::string("cannot start a thread: ") + error.what(), {},
                                           "see the limits of processes and memory (ulimit -u, ulimit -v)");
            watch_.note(fmt::format("only {} of {} jobs run at a time: cannot start another thread ({})", working_, wanted, error.what()));
        }
    }

    /// Heartbeats and signals, until all workers are done.
    void attend(Store& store, const std::string& owner) {
        auto next_beat = Clock::now() + seconds(settings_.lease / 5);
        std::unique_lock lock(mutex_);
        while (working_ > 0) {
            changed_.wait_for(lock, glance);
            if (signals_.stopped()) stop_ = true;
            if (Clock::now() < next_beat) continue;
            next_beat = Clock::now() + seconds(settings_.lease / 5);
            lock.unlock();
            try {
                store.refresh(owner);
            } catch (...) {
                give_up(std::current_exception());
            }
            lock.lock();
        }
    }

    void work(const Bench& bench) {
        for (Pending pending; next(pending);) {
            try {
                const auto outcome = label_one(*pending.job, bench);
                done(pending, outcome);
            } catch (...) {
                give_up(std::current_exception());
            }
        }
        const std::lock_guard lock(mutex_);
        --working_;
        changed_.notify_all();
    }

    /// Waits for a job; false when there is no more to do.
    bool next(Pending& pending) {
        std::unique_lock lock(mutex_);
        for (;;) {
            if (stop_ || signals_.stopped() || signals_.draining() || (pending_.empty() && active_ == 0)) return false;
            const auto now = Clock::now();
            const auto ready = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& p) { return p.not_before <= now; });
            if (ready != pending_.end()) {
                pending = *ready;
                pending_.erase(ready);
                ++active_;
                return true;
            }
            changed_.wait_for(lock, glance);
        }
    }

    void done(Pending pending, const OneLabel& outcome) {
        const std::lock_guard lock(mutex_);
        --active_;
        changed_.notify_all();
        switch (outcome.result) {
            case OneLabel::Result::labelled: watch_.labelled(*pending.job); break;
            case OneLabel::Result::taken:
                if (outcome.waiting && told_.insert(outcome.waiting->owner).second) watch_.note(outcome.waiting->text);
                pending.not_before = Clock::now() + seconds(settings_.poll);
                pending_.push_back(pending);
                break;
            case OneLabel::Result::failed: failed(pending, *outcome.failure); break;
            case OneLabel::Result::stopped: break;
        }
    }

    void failed(Pending pending, const Failure& failure) {
        if (++pending.tries < settings_.tries && worth_repeating(failure.fault)) {
            watch_.note(fmt::format("{}: {}; will be tried again", pending.job->key.substr(0, 16), to_string(failure.fault)));
            pending_.push_back(pending);
        } else {
            watch_.failed(*pending.job, failure);
        }
    }

    void give_up(std::exception_ptr failure) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::move(failure);
        stop_ = true;
    }

    const LocalSettings& settings_;
    Watch& watch_;
    const Signals& signals_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Pending> pending_;
    std::set<std::string> told_;  // owners that are waited for
    int active_ = 0, working_ = 0;
    std::atomic<bool> stop_{false};
    std::exception_ptr failure_;
};

}  // namespace

void LocalQueue::run(std::span<const Job> jobs, Watch& watch, const Signals& signals) {
    Pool(jobs, settings_, watch, signals).run(labeller_, store_);
}

}  // namespace alkali::labelling
