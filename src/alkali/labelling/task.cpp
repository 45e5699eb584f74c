#include "alkali/labelling/task.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
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

/// A task that began in another folder than the run would fill another store, of which nobody knows.
void require_own_list(const RunSettings& settings, const std::filesystem::path& list) {
    const auto plain = [](const std::filesystem::path& path) { return std::filesystem::weakly_canonical(std::filesystem::absolute(path)); };
    const auto folder = plain(list).parent_path(), own = plain(settings.store.string() + ".jobs"),
               by_link = plain(plain(settings.store).string() + ".jobs");
    if (folder == own || folder == by_link) return;
    throw InputError("the jobs of this list are for another store than " + settings.store.string() + " of the config, seen from here",
                     list.string(), "run it in the folder in which `alkali label run` was started, or give the store with its whole path");
}

}  // namespace

OneLabel run_task(const RunSettings& settings, const TaskRequest& request) {
    const auto list = load_job_list(request.list);
    require_own_list(settings, request.list);
    if (request.index >= list.jobs.size())
        throw InputError(fmt::format("has {} jobs, none with index {}", list.jobs.size(), request.index), request.list.string());
    const Job& job = list.jobs[request.index].job;
    if (!settings.labeller->keeps(job.subject))
        throw InputError("the config has changed since the jobs were submitted: the level of theory is another one", settings.source,
                         "cancel the jobs (scancel) and start `alkali label run` again, or restore the config");
    Store store(settings.store, queue_kind(settings.queue).sharing);
    const auto owner = this_process(request.owner);
    const Bench bench{*settings.labeller,
                      store,
                      owner,
                      limits_from(settings.queue_values, *settings.labeller),
                      scratch_root(settings.scratch, *settings.labeller, settings.store),
                      request.stop,
                      lease};
    std::optional<Heartbeat> heartbeat;
    try {
        heartbeat.emplace(store, owner.name);
    } catch (const std::system_error& error) {
        throw ExternalProgramError(std::string("cannot start a thread: ") + error.what(), {}, "see the limits of processes and memory");
    }
    return label_one(job, bench);
}

}  // namespace alkali::labelling
