#include "alkali/labelling/queue/slurm.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <map>
#include <set>
#include <thread>

#include "alkali/base/lock.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/queue/one_label.hpp"

namespace alkali::labelling {
namespace {

// Longest silence of an owner on another machine that is no job of Slurm.
constexpr double lease = 300;

// A task is gone when this many answers in a row do not know it: one may come from a controller that has just started again.
constexpr int looks_to_be_gone = 3;
// What squeue refuses so often in a row it will not answer.
constexpr int most_refusals = 5;
// Attempts to submit a single task while a limit of jobs stands against it and none of ours is in Slurm.
constexpr int most_attempts = 10;
// Longest wait between attempts to submit, in looks.
constexpr int longest_wait = 30;

/// A job that has neither label nor final failure yet.
struct Open {
    const Job* job = nullptr;
    int tries = 0;            ///< submissions so far
    JobList* list = nullptr;  ///< where it was submitted last; null: to be submitted
    std::size_t index = 0;
    int unseen = 0;  ///< answers in a row that do not know its task

    [[nodiscard]] const ListedJob& listed() const { return list->jobs[index]; }
};

/// What Slurm says at one moment.
class Snapshot {
public:
    explicit Snapshot(const std::vector<slurm::Task>& tasks) {
        for (const auto& task : tasks) {
            places_.emplace(task.array_name, task.index);
            names_.insert(task.array_name);
            owners_.insert(slurm::owner_name(task.array, task.index));
        }
    }
    [[nodiscard]] bool has(const std::string& name, std::size_t index) const { return places_.contains({name, index}); }
    [[nodiscard]] bool has_array(const std::string& name) const { return names_.contains(name); }
    [[nodiscard]] bool has_owner(const std::string& owner) const { return owners_.contains(owner); }

private:
    std::set<std::pair<std::string, std::size_t>> places_;
    std::set<std::string> names_, owners_;
};

std::string new_name(std::span<const ListedJob> jobs) {
    std::string text = fmt::format("{} {}", ::getpid(), std::chrono::system_clock::now().time_since_epoch().count());
    for (const auto& each : jobs) text += each.job.key;
    return "alkali-" + content_hash(text).substr(0, 12);
}

bool is_held(const slurm::Task& task) {
    static const std::set<std::string> usual{"None", "Priority", "Resources", "JobArrayTaskLimit", "Dependency", "BeginTime", "Cleaning"};
    return task.state == "PENDING" && !usual.contains(task.reason);
}

/// One process at a time submits for a store; the lock ends with the process, however that ends.
void make_safe(const std::filesystem::path& folder) {
    try {
        (void)base::safe_folder(folder);
    } catch (const base::UnsafeFolder& error) {
        throw base::UnsafeFolder("job lists in this folder could be others' work: " + error.fault(), error.where(),
                                 "put the store into a folder that nobody else may change");
    } catch (const FileError& error) {
        throw FileError("the folder of job lists cannot be written: " + error.fault(), error.where(), "check its permissions");
    }
}

base::LockFile lock_folder(const std::filesystem::path& folder) {
    make_safe(folder);
    base::NullSink unheard;
    // What a killed process had started may hold it for a moment.
    return {folder / "lock",
            {"submitting jobs for this store", folder.string(), "wait for it, end it, or use another store", std::chrono::seconds(10)},
            unheard};
}

class Campaign {
public:
    Campaign(Store& store, const SlurmSettings& settings, Watch& watch, const Signals& signals)
        : store_(store), settings_(settings), watch_(watch), signals_(signals) {}

    void run(std::span<const Job> jobs) {
        for (const auto& job : jobs) open_.push_back({&job});
        take_up();
        while (look(), !open_.empty()) {
            if (signals_.stopped()) return leave();
            if (!signals_.draining())
                submit_waiting();
            else if (drained())
                return;
            pause();
        }
    }

private:
    /// Lists of an earlier process.
    void take_up() {
        for (auto& list : load_job_lists(settings_.folder)) {
            lists_.push_back(std::move(list));
            for (std::size_t i = 0; i < lists_.back().jobs.size(); ++i)
                for (auto& open : open_)
                    if (open.job->key == lists_.back().jobs[i].job.key && open.tries <= lists_.back().jobs[i].tries)
                        submitted(open, lists_.back(), i);
        }
    }

    static void submitted(Open& open, JobList& list, std::size_t index) {
        open.list = &list;
        open.index = index;
        open.tries = list.jobs[index].tries + 1;
        open.unseen = 0;
    }

    void look() {
        // Slurm first, the store afterwards: a task that has left Slurm has written all it had to write.
        const auto answer = ask();
        if (!answer) return;
        const Snapshot now(*answer);
        ours_inside_ = std::ranges::any_of(lists_, [&](const JobList& list) { return now.has_array(list.name); });
        for (const auto& task : *answer)
            if (is_held(task) && task.array_name.starts_with("alkali-"))
                note_once(fmt::format("Slurm holds job {}_{}: {}", task.array, task.index, task.reason));
        const auto claims = store_.claims();
        std::erase_if(open_, [&](Open& open) { return settled(open, now, claims); });
        lists_.remove_if([&](const JobList& list) { return retired(list, now); });
    }

    /// The tasks in Slurm; nothing if it does not answer, which is told in its words.
    std::optional<std::vector<slurm::Task>> ask() {
        auto look = slurm::look(settings_.folder, settings_.request.clusters);
        if (look.tasks) {
            refusals_ = 0;
            return std::move(look.tasks);
        }
        if (!look.passing && ++refusals_ >= most_refusals)
            throw ExternalProgramError("squeue does not tell of the jobs: " + look.words, settings_.folder.string(),
                                       "jobs that were submitted go on and write into the store; run again when it answers");
        note_once("Slurm does not answer (squeue: " + look.words + "); waiting for it");
        return std::nullopt;
    }

    /// True if the job needs no more attention.
    bool settled(Open& open, const Snapshot& now, const std::vector<Claim>& claims) {
        if (store_.has(open.job->key)) {
            watch_.labelled(*open.job);
            return true;
        }
        if (open.list == nullptr) return false;
        open.unseen = now.has(open.list->name, open.index) ? 0 : open.unseen + 1;
        if (open.unseen == 0) return false;
        const auto failure = store_.failure(open.job->key);
        if (failure && failure->count > open.listed().failures) return repeated_or_failed(open, *failure);
        if (taken_back_ || (open.unseen < looks_to_be_gone && !open.list->array.empty())) return false;
        const auto claim = std::find_if(claims.begin(), claims.end(), [&](const Claim& c) { return c.key == open.job->key; });
        if (claim != claims.end()) {
            if (is_alive(*claim, now)) {  // another coordinator's
                const auto waiting = waiting_for(*claim, store_, lease);
                if (waited_for_.insert(waiting.owner).second) watch_.note(waiting.text);
                return false;
            }
            store_.release(open.job->key, claim->owner.name);
        }
        return lost(open);
    }

    bool is_alive(const Claim& claim, const Snapshot& now) {
        if (claim.owner.name.starts_with("slurm ")) return now.has_owner(claim.owner.name);
        return store_.lapses_in(claim, lease) >= 0;
    }

    /// The task is gone and has left neither label nor failure.
    bool lost(Open& open) {
        if (open.list->array.empty()) {  // killed before it could be submitted
            open.tries = open.listed().tries;
            open.list = nullptr;
            return false;
        }
        auto failure = slurm::lost_task(*open.list, open.index);
        if (worth_repeating(failure.fault) && open.tries < settings_.tries) return repeat(open, failure);
        watch_.failed(*open.job, store_.fail(open.job->key, std::move(failure), slurm::owner_name(open.list->array, open.index)));
        return true;
    }

    bool repeated_or_failed(Open& open, const Failure& failure) {
        if (worth_repeating(failure.fault) && open.tries < settings_.tries) return repeat(open, failure);
        watch_.failed(*open.job, failure);
        return true;
    }

    bool repeat(Open& open, const Failure& failure) {
        watch_.note(fmt::format("{}: {}; will be submitted again", open.job->key.substr(0, 16), to_string(failure.fault)));
        open.list = nullptr;
        return false;
    }

    bool retired(const JobList& list, const Snapshot& now) {
        auto& unseen = unseen_lists_[list.name];
        unseen = now.has_array(list.name) ? 0 : unseen + 1;
        if (unseen == 0) return false;
        if (std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return open.list == &list; })) return false;
        // Nobody waits for it: a list of an earlier run, whose tasks need it while they are in Slurm.
        const bool settled = std::ranges::all_of(list.jobs, [&](const ListedJob& each) { return store_.has(each.job.key); });
        if (!settled && unseen < looks_to_be_gone) return false;
        std::vector<bool> keep;
        for (const auto& each : list.jobs) keep.push_back(store_.failure(each.job.key).has_value());
        slurm::forget(list, keep);
        return true;
    }

    void submit_waiting() {
        if (wait_ > 0 && wait_-- > 0) return;
        std::string previous;
        std::vector<Open*> waiting;
        for (auto& open : open_)
            if (open.list == nullptr) waiting.push_back(&open);
        for (std::size_t begin = 0; begin < waiting.size();) {
            const auto size = std::min(largest_, waiting.size() - begin);
            const auto submission = submit(std::span(waiting).subspan(begin, size), previous);
            if (submission.taken != slurm::Taken::yes) return put_off(submission, size);
            previous = submission.array;
            begin += size;
            pause_ = 1;
            attempts_ = 0;
        }
    }

    /// A smaller array may pass a limit at once; what does not is tried again after a while, which doubles.
    void put_off(const slurm::Submission& submission, std::size_t size) {
        const bool limit = submission.taken == slurm::Taken::fewer;
        if (limit && size > 1) {
            largest_ = size / 2;
            note_once(fmt::format("Slurm does not take {} jobs ({}); trying with fewer at a time", size, submission.words));
            return;
        }
        if (limit && !ours_inside_ && ++attempts_ >= most_attempts)
            throw ExternalProgramError("Slurm does not take a single job: " + submission.words, settings_.folder.string(),
                                       "check `queue` (partition, time, memory, extra) and the limits of your account");
        note_once("Slurm does not take jobs now (" + submission.words + "); trying again later");
        wait_ = pause_;
        pause_ = std::min(2 * pause_, longest_wait);
    }

    slurm::Submission submit(std::span<Open*> jobs, const std::string& after) {
        JobList list;
        for (const auto* open : jobs) {
            const auto failure = store_.failure(open->job->key);
            list.jobs.push_back({*open->job, failure ? failure->count : 0, open->tries});
        }
        list.name = new_name(list.jobs);
        list.path = settings_.folder / (list.name + ".json");
        save(list);
        auto task = settings_.task;
        task.insert(task.end(), {"--list", list.path.string()});
        auto request = settings_.request;
        request.after = after;  // no more at a time than asked for, all arrays together
        slurm::Submission submission;
        try {
            submission = slurm::submit(list, task, request);
        } catch (...) {
            slurm::forget(list, std::vector<bool>(list.jobs.size()));
            throw;
        }
        if (submission.taken != slurm::Taken::yes) {
            // Should Slurm have it all the same, its tasks end for want of their list.
            slurm::forget(list, std::vector<bool>(list.jobs.size()));
            return submission;
        }
        list.array = submission.array;
        save(list);
        lists_.push_back(std::move(list));
        for (std::size_t i = 0; i < jobs.size(); ++i) submitted(*jobs[i], lists_.back(), i);
        return submission;
    }

    /// After Signals::no_more: takes back what has not begun. True when nothing of this run is in Slurm any more.
    bool drained() {
        if (!taken_back_) {
            for (const auto& list : lists_) slurm::take_back(list.name, settings_.folder, settings_.request.clusters);
            taken_back_ = true;
        }
        return std::none_of(open_.begin(), open_.end(),
                            [&](const Open& open) { return open.list != nullptr && open.unseen < looks_to_be_gone; });
    }

    void leave() {
        const auto inside = std::count_if(open_.begin(), open_.end(), [](const Open& open) { return open.list != nullptr; });
        std::string names;
        for (const auto& list : lists_) names += (names.empty() ? "" : ",") + list.name;
        if (inside > 0)
            watch_.note(fmt::format("{} jobs stay in Slurm and write into the store; run again to collect them, or `scancel {}--name={}`",
                                    inside, settings_.request.clusters.empty() ? "" : "--clusters=" + settings_.request.clusters + " ",
                                    names));
    }

    void pause() const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(settings_.poll);
        while (std::chrono::steady_clock::now() < end && !signals_.stopped()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }

    void note_once(const std::string& text) {
        if (noted_.insert(text).second) watch_.note(text);
    }

    Store& store_;
    const SlurmSettings& settings_;
    Watch& watch_;
    const Signals& signals_;
    std::vector<Open> open_;
    std::list<JobList> lists_;  // addresses stay
    std::set<std::string> noted_, waited_for_;
    std::map<std::string, int> unseen_lists_;  // answers in a row that do not know them
    std::size_t largest_ = static_cast<std::size_t>(settings_.array);
    int wait_ = 0, pause_ = 1;  // looks until the next attempt to submit, and from one to the next
    int attempts_ = 0, refusals_ = 0;
    bool taken_back_ = false, ours_inside_ = false;
};

}  // namespace

void SlurmQueue::run(std::span<const Job> jobs, Watch& watch, const Signals& signals) {
    const auto lock = lock_folder(settings_.folder);
    slurm::sweep(settings_.folder);
    Campaign(store_, settings_, watch, signals).run(jobs);
}

}  // namespace alkali::labelling
