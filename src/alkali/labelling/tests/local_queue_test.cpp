#include "alkali/labelling/queue/local.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/queue/kinds.hpp"
#include "alkali/labelling/queue/scratch.hpp"
#include "samples.hpp"
#include "sql.hpp"

namespace {

std::atomic<int> threads_left{1 << 30};

}  // namespace

// Stands in for the C library's in this program: a machine that allows so many more threads.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
    using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
    return --threads_left < 0 ? EAGAIN : create(thread, attributes, start, argument);
}

namespace alkali::labelling::local_queue_tests {
namespace {

using samples::Scratch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Labels samples by their number; `before` may fail, `calls` counts.
class CountingLabeller final : public Labeller {
public:
    Workplace usual;
    std::function<void(std::uint64_t number, int call, const Workplace&)> before = [](auto, auto, const auto&) {};

    [[nodiscard]] nlohmann::json settings(const structure::Frame&) const override { return samples::settings(); }
    [[nodiscard]] bool keeps(const Subject&) const override { return true; }
    [[nodiscard]] double cost(const Subject&) const override { return 1; }
    [[nodiscard]] Workplace usual_workplace() const override { return usual; }
    [[nodiscard]] Label label(const Subject& subject, const Workplace& workplace) const override {
        const auto number = number_of(subject.structure);
        int call = 0;
        {
            const std::lock_guard lock(mutex_);
            call = ++calls_[number];
            order_.push_back(number);
        }
        before(number, call, workplace);
        return samples::label(number);
    }
    [[nodiscard]] std::map<std::uint64_t, int> calls() const { return calls_; }
    [[nodiscard]] std::vector<std::uint64_t> order() const { return order_; }

private:
    static std::uint64_t number_of(const structure::Structure& structure) {
        for (std::uint64_t i = 0;; ++i)
            if (samples::structure(i).positions == structure.positions) return i;
    }
    mutable std::mutex mutex_;
    mutable std::map<std::uint64_t, int> calls_;
    mutable std::vector<std::uint64_t> order_;
};

struct Recorder final : Watch {
    std::vector<std::string> done, notes;
    std::map<std::string, Failure> failures;
    std::function<void()> on_failure = [] {};
    void labelled(const Job& job) override { done.push_back(job.key); }
    void failed(const Job& job, const Failure& failure) override {
        failures[job.key] = failure;
        on_failure();
    }
    void note(const std::string& text) override { notes.push_back(text); }
};

std::vector<Job> jobs(std::uint64_t count) {
    std::vector<Job> all;
    for (std::uint64_t i = 0; i < count; ++i) all.push_back({samples::key(i), {samples::settings(), samples::structure(i)}, 1});
    return all;
}

LocalSettings settings(const Scratch& scratch, int workers) {
    LocalSettings s;
    s.jobs = workers;
    s.scratch = scratch / "scratch";
    s.poll = 0.01;
    return s;
}

LabelError failed_with(Fault fault) { return {fault, {{"", fault, "words of the program", 1}}, "it failed", "here", "do that"}; }

TEST(LocalQueue, labels_every_job_once_and_leaves_no_scratch) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    labeller.before = [](auto, auto, const Workplace& place) {
        EXPECT_TRUE(std::filesystem::is_directory(place.scratch));
        base::write_file(place.scratch / "file", "x");
    };
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 3)).run(jobs(12), watch, {});
    EXPECT_EQ(watch.done.size(), 12u);
    EXPECT_EQ(store.keys().size(), 12u);
    for (const auto& [number, calls] : labeller.calls()) EXPECT_EQ(calls, 1) << number;
    EXPECT_TRUE(store.claims().empty());
    EXPECT_TRUE(std::filesystem::is_empty(scratch / "scratch"));
    LocalQueue(labeller, store, settings(scratch, 3)).run(jobs(12), watch, {});
    EXPECT_EQ(labeller.order().size(), 12u) << "labels that are there are not made again";
    EXPECT_EQ(watch.done.size(), 24u);
}

TEST(LocalQueue, one_worker_keeps_the_order) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 1)).run(jobs(4), watch, {});
    EXPECT_THAT(labeller.order(), ElementsAre(0, 1, 2, 3));
}

TEST(LocalQueue, fewer_threads_than_asked_for_do_the_work_and_none_is_an_error) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    Recorder watch;
    threads_left = 2;
    LocalQueue(labeller, store, settings(scratch, 5)).run(jobs(6), watch, {});
    threads_left = 0;
    EXPECT_EQ(watch.done.size(), 6u);
    EXPECT_THAT(watch.notes, ElementsAre(HasSubstr("only 2 of 5 jobs")));
    EXPECT_THROW(LocalQueue(labeller, store, settings(scratch, 5)).run(jobs(7), watch, {}), ExternalProgramError);
    threads_left = 1 << 30;
}

TEST(LocalQueue, two_queues_on_one_store_share_the_work) {
    const Scratch scratch;
    CountingLabeller labeller;
    labeller.before = [](auto, auto, const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
    // The other one is played by claims from elsewhere: two queues of one process would be the same owner.
    Store store(scratch / "labels.sqlite");
    auto far = samples::owner("far");
    far.machine = "elsewhere";
    ASSERT_EQ(store.claim(samples::key(2), far, 60), Claimed::granted);
    Recorder watch;
    std::thread other([&] {
        Store theirs(scratch / "labels.sqlite");
        while (theirs.keys().size() < 3) std::this_thread::yield();
        theirs.finish(samples::key(2), {samples::settings(), samples::structure(2)}, samples::label(2), "far");
    });
    LocalQueue(labeller, store, settings(scratch, 2)).run(jobs(4), watch, {});
    other.join();
    EXPECT_EQ(watch.done.size(), 4u);
    EXPECT_FALSE(labeller.calls().contains(2));
}

TEST(LocalQueue, failures_are_recorded_with_their_hint_and_the_rest_goes_on) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    labeller.before = [](std::uint64_t number, int, const auto&) {
        if (number == 1) throw failed_with(Fault::not_converged);
        if (number == 2) throw InputError("atoms 0 and 1 are too near", "", "move them");
    };
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 2)).run(jobs(4), watch, {});
    EXPECT_EQ(watch.done.size(), 2u);
    ASSERT_EQ(watch.failures.size(), 2u);
    const auto& failure = watch.failures.at(samples::key(1));
    EXPECT_EQ(failure.fault, Fault::not_converged);
    EXPECT_EQ(failure.hint, "do that");
    EXPECT_EQ(failure.attempts.size(), 1u);
    EXPECT_EQ(store.failure(samples::key(2))->fault, Fault::wrong_input);
    EXPECT_EQ(labeller.calls().at(1), 1) << "the labeller has climbed its ladder already";
    EXPECT_TRUE(std::filesystem::is_empty(scratch / "scratch"));
}

TEST(LocalQueue, what_was_killed_is_tried_again_but_not_for_ever) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    labeller.before = [](std::uint64_t number, int call, const auto&) {
        if (number == 1 && call == 1) throw failed_with(Fault::killed);
        if (number == 2) throw failed_with(Fault::disk_full);
    };
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 2)).run(jobs(3), watch, {});
    EXPECT_EQ(labeller.calls().at(1), 2);
    EXPECT_EQ(labeller.calls().at(2), 2);
    EXPECT_TRUE(store.has(samples::key(1)));
    EXPECT_FALSE(store.failure(samples::key(1)));
    EXPECT_EQ(store.failure(samples::key(2))->count, 2);
}

TEST(LocalQueue, a_stop_ends_what_runs_and_frees_its_claims) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    std::atomic<bool> stop{false};
    labeller.before = [&](std::uint64_t number, int, const Workplace& place) {
        if (number < 2) return;
        stop = true;
        while (!*place.stop) std::this_thread::yield();
        throw failed_with(Fault::stopped);
    };
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 2)).run(jobs(50), watch, {&stop, nullptr});
    EXPECT_EQ(store.keys().size(), watch.done.size());
    EXPECT_LE(store.keys().size(), 3u);
    EXPECT_TRUE(store.claims().empty());
    EXPECT_TRUE(store.failures().empty());
}

TEST(LocalQueue, no_more_lets_running_ones_finish) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    std::atomic<bool> no_more{false};
    labeller.before = [&](auto, auto, const auto&) { throw failed_with(Fault::no_program); };
    Recorder watch;
    watch.on_failure = [&] { no_more = true; };
    LocalQueue(labeller, store, settings(scratch, 1)).run(jobs(50), watch, {nullptr, &no_more});
    EXPECT_EQ(labeller.order().size(), 1u);
}

// A labeller can take up what it had finished when it was killed, if it finds its folder as it was.
TEST(LocalQueue, finds_the_scratch_folder_of_an_interrupted_run) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    const auto folder = scratch / "scratch" / samples::key(0).substr(0, 16);
    base::write_file(folder / "finished", "long work");
    CountingLabeller labeller;
    bool found = false;
    labeller.before = [&](auto, auto, const Workplace& place) { found = base::read_file(place.scratch / "finished") == "long work"; };
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 1)).run(jobs(1), watch, {});
    EXPECT_TRUE(found);
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(LocalQueue, starts_no_more_threads_than_there_are_jobs) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    Recorder watch;
    threads_left = 2;
    LocalQueue(labeller, store, settings(scratch, 10000)).run(jobs(2), watch, {});
    threads_left = 1 << 30;
    EXPECT_EQ(watch.done.size(), 2u);
    EXPECT_TRUE(watch.notes.empty()) << watch.notes.front();
}

TEST(LocalQueue, limits_that_it_does_not_give_are_those_of_the_labeller) {
    CountingLabeller labeller;
    labeller.usual = {"/dev/shm/elsewhere", 4, 60, 2'000'000, nullptr};
    const nlohmann::json silent{{"processes", nullptr}, {"time", nullptr}, {"memory", nullptr}},
        own{{"processes", 1}, {"time", 0}, {"memory", 5}};
    auto limits = limits_from(silent, labeller);
    EXPECT_EQ(limits.processes, 4);
    EXPECT_EQ(limits.max_seconds, 60);
    EXPECT_EQ(limits.max_bytes, 2'000'000);
    limits = limits_from(own, labeller);
    EXPECT_EQ(limits.processes, 1);
    EXPECT_EQ(limits.max_seconds, 0);
    EXPECT_EQ(limits.max_bytes, 5'000'000);
    EXPECT_EQ(scratch_root({}, labeller, "a").parent_path(), "/dev/shm/elsewhere");
    EXPECT_EQ(scratch_root("/tmp/own", labeller, "a").parent_path(), "/tmp/own");
}

TEST(LocalQueue, a_scratch_folder_has_a_name_whatever_bytes_the_stores_has) {
    EXPECT_NE(scratch_root({}, "a\xff"), scratch_root({}, "a\xfe"));
    EXPECT_EQ(scratch_root({}, "a\xff"), scratch_root({}, "a\xff"));
}

TEST(LocalQueue, a_scratch_that_cannot_be_made_fails_the_label_not_the_run) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    base::write_file(scratch / "scratch", "a file in its place");
    CountingLabeller labeller;
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 1)).run(jobs(1), watch, {});
    ASSERT_EQ(watch.failures.size(), 1u);
    EXPECT_THAT(watch.failures.begin()->second.what, HasSubstr("scratch folder"));
    EXPECT_TRUE(watch.failures.begin()->second.retryable);
}

TEST(LocalQueue, a_planted_link_in_place_of_a_scratch_folder_is_refused_and_nothing_behind_it_is_touched) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    base::write_file(scratch / "home" / "thesis", "three years");
    const auto shared = scratch / "shared";
    std::filesystem::create_directories(shared);
    ::chmod(shared.c_str(), 01777);
    const auto refused = [&](const std::filesystem::path& root) {
        CountingLabeller labeller;
        Recorder watch;
        auto s = settings(scratch, 2);
        s.scratch = root;
        EXPECT_THROW(LocalQueue(labeller, store, s).run(jobs(3), watch, {}), base::UnsafeFolder);
        EXPECT_TRUE(labeller.order().empty());
        EXPECT_TRUE(watch.failures.empty()) << "no job is to blame";
    };
    std::filesystem::create_directory_symlink(scratch / "home", shared / "label-1-x");
    refused(shared / "label-1-x");
    std::filesystem::create_directory(shared / "label-2-x");
    for (const auto& job : jobs(3))
        std::filesystem::create_directory_symlink(scratch / "home", shared / "label-2-x" / job.key.substr(0, 16));
    refused(shared / "label-2-x");
    EXPECT_EQ(base::read_file(scratch / "home" / "thesis"), "three years");
    EXPECT_TRUE(store.claims().empty());
    EXPECT_TRUE(store.failures().empty());
}

TEST(LocalQueue, scratch_folders_are_this_users_alone) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    CountingLabeller labeller;
    labeller.before = [](auto, auto, const Workplace& place) {
        for (const auto& folder : {place.scratch, place.scratch.parent_path()})
            EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
    };
    Recorder watch;
    LocalQueue(labeller, store, settings(scratch, 1)).run(jobs(2), watch, {});
    EXPECT_EQ(watch.done.size(), 2u);
    EXPECT_NE(scratch_root({}, "a"), scratch_root({}, "b"));
    EXPECT_THAT(scratch_root({}, "a").filename().string(), HasSubstr("label-" + std::to_string(::geteuid()) + "-"));
    EXPECT_EQ(scratch_root({}, "a").parent_path(), base::temporary_home());
}

TEST(LocalQueue, on_whom_it_waits_and_until_when_is_told_and_a_heartbeat_in_the_future_lapses) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    auto far = samples::owner("far");
    far.machine = "elsewhere boot namespace";
    far.process = 4711;
    for (std::uint64_t i = 0; i < 2; ++i) ASSERT_EQ(store.claim(samples::key(i), far, 60), Claimed::granted);
    samples::sql(scratch / "labels.sqlite", "UPDATE claims SET heartbeat=4e9");
    CountingLabeller labeller;
    Recorder watch;
    auto s = settings(scratch, 1);
    s.lease = 0.3;
    LocalQueue(labeller, store, s).run(jobs(3), watch, {});
    EXPECT_EQ(watch.done.size(), 3u);
    EXPECT_THAT(watch.notes, ElementsAre(::testing::AllOf(HasSubstr("process 4711 on elsewhere (far)"), HasSubstr("waiting for it, until"),
                                                          HasSubstr("UTC"), HasSubstr("in the future"))))
        << "once for each owner";
}

}  // namespace
}  // namespace alkali::labelling::local_queue_tests
