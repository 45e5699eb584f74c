#include "alkali/labelling/task.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "alkali/labelling/key.hpp"
#include "alkali/labelling/queue/job_list.hpp"
#include "alkali/labelling/queue/kinds.hpp"
#include "alkali/labelling/queue/scratch.hpp"

namespace alkali::labelling {
namespace {

constexpr double lease = 300;

/// Refreshes an owner's claims as long as it lives.
class Heartbeat {
public:
    Heartbeat(Store& store, std::string owner) : thread_([this, &store, owner = std::move(owner)] { beat(store, owner); }) {}
    ~Heartbeat() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;

private:
    void beat(Store& store, const std::string& owner) {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, std::chrono::duration<double>(lease / 5), [this] { return done_; })) {
            try {
                store.refresh(owner);
            } catch (const FileError&) {
                // The store is tried again with the next beat, and at the end with the label, where failing counts.
                continue;
            }
        }
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::thread thread_;
};

}  // namespace

OneLabel run_task(const RunSettings& settings, const TaskRequest& request) {
    const auto list = load_job_list(request.list);
    if (request.index >= list.jobs.size())
        throw InputError(fmt::format("has {} jobs, none with index {}", list.jobs.size(), request.index), request.list.string());
    const Job& job = list.jobs[request.index].job;
    if (!settings.labeller->keeps(job.subject))
        throw InputError("the config has changed since the jobs were submitted: the level of theory is another one", settings.source,
                         "cancel the jobs (scancel) and start `alkali label run` again, or restore the config");
    Store store(settings.store, queue_kind(settings.queue).sharing);
    const auto owner = this_process(request.owner);
    const Bench bench{*settings.labeller, store, owner, limits_from(settings.queue_values), scratch_root(settings.scratch, settings.store),
                      request.stop,       lease};
    const Heartbeat heartbeat(store, owner.name);
    return label_one(job, bench);
}

}  // namespace alkali::labelling
