// Whatever is killed and whatever fails: in the end the store holds what a calm run gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/format.hpp"
#include "campaign.hpp"
#include "stand_in_faults.hpp"

namespace alkali::label_test::chaos_tests {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::size_t frames = 60;
constexpr Weather storm{11, 40, 2}, slow_storm{11, 40, 25};
constexpr const char* queue = "{type: local, jobs: 2, time: 1, memory: 80}";

const Content& calm_content() {
    static const Content content = [] {
        const Campaign campaign(frames, {storm.seed, 0, 1}, queue);
        settle(campaign);
        return content_of(campaign.store_path());
    }();
    return content;
}

struct Storm {
    Content content;
    std::set<labelling::Fault> met;
};

/// All faults and no kills.
const Storm& ridden_out() {
    static const Storm result = [] {
        const Campaign campaign(frames, storm, queue);
        settle(campaign);
        Storm made{content_of(campaign.store_path()), {}};
        labelling::Store store(campaign.store_path());
        for (const auto& key : store.keys()) {
            const auto stored = store.find(key).value();
            for (const auto& attempt : stored.label.attempts) made.met.insert(attempt.fault);
        }
        for (const auto& failure : store.failures())
            for (const auto& attempt : failure.attempts) made.met.insert(attempt.fault);
        return made;
    }();
    return result;
}

void expect_same(const Content& content, const Content& expected) {
    EXPECT_THAT(differences(content.labels, expected.labels), IsEmpty());
    EXPECT_THAT(differences(content.failures, expected.failures), IsEmpty());
}

TEST(LabelChaos, the_stand_in_fails_in_every_way_it_knows) {
    using labelling::Fault;
    EXPECT_THAT(ridden_out().met,
                testing::IsSupersetOf({Fault::not_converged, Fault::overlap_matrix, Fault::diagonalisation, Fault::not_finite,
                                       Fault::killed, Fault::disk_full, Fault::truncated, Fault::unknown}));
    EXPECT_GE(stand_in::lasting.size() + stand_in::passing.size(), 10u);
}

TEST(LabelChaos, what_survives_a_storm_of_faults_is_what_a_calm_run_gives) {
    const auto& content = ridden_out().content;
    EXPECT_EQ(content.labels.size() + content.failures.size(), frames);
    EXPECT_GT(content.labels.size(), frames / 2);
    EXPECT_FALSE(content.failures.empty()) << "some must fail for good, or the storm is none";
    for (const auto& [key, text] : content.labels) EXPECT_EQ(text, calm_content().labels.at(key));
}

TEST(LabelChaos, a_coordinator_killed_at_50_random_points_loses_nothing_and_repeats_nothing) {
    const Campaign campaign(frames, slow_storm, queue);
    const auto& expected = ridden_out().content;
    base::Random random(2026);
    int busy = 0;
    for (int i = 0; i < 50; ++i) {
        const pid_t child = campaign.start();
        std::this_thread::sleep_for(std::chrono::microseconds(random.below(120'000)));
        ::kill(child, SIGKILL);
        const bool killed = campaign.finish(child).status == 128 + SIGKILL;
        busy += killed && campaign.log("end").size() < expected.labels.size() ? 1 : 0;
    }
    EXPECT_GT(busy, 25) << "most kills must hit while there is work";
    settle(campaign);
    expect_same(content_of(campaign.store_path()), expected);
    EXPECT_THAT(campaign.log("end"), Each(Pair(testing::_, 1))) << "run to success more than once";
    EXPECT_THAT(campaign.log("twice"), IsEmpty()) << "two at a time";
    labelling::Store store(campaign.store_path());
    EXPECT_TRUE(store.claims().empty());
}

TEST(LabelChaos, two_coordinators_killed_in_turn_still_share_the_work) {
    const Campaign campaign(frames, {11, 0, 25}, "{type: local, jobs: 1}");
    base::Random random(7);
    for (int i = 0; i < 10; ++i) {
        const pid_t first = campaign.start(), second = campaign.start();
        std::this_thread::sleep_for(std::chrono::microseconds(20'000 + random.below(100'000)));
        ::kill(first, SIGKILL);
        (void)campaign.finish(first);
        ::kill(second, SIGKILL);
        (void)campaign.finish(second);
    }
    settle(campaign);
    expect_same(content_of(campaign.store_path()), calm_content());
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(frames), Each(Pair(testing::_, 1))));
    EXPECT_THAT(campaign.log("twice"), IsEmpty());
}

/// A file system of a few kilobytes; not there without the right to mount.
class SmallDisk {
public:
    SmallDisk(std::filesystem::path path, const char* size) : path_(std::move(path)) {
        std::filesystem::create_directories(path_);
        mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, size) == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] bool mounted() const { return mounted_; }
    void fill() const {
        std::ofstream file(path_ / "ballast");
        for (int i = 0; i < 64; ++i) file << std::string(1024, 'x') << std::flush;
    }
    void enlarge() const { ::mount("none", path_.c_str(), "tmpfs", MS_REMOUNT, "size=4m"); }
    void empty() const { std::filesystem::remove(path_ / "ballast"); }

private:
    std::filesystem::path path_;
    bool mounted_ = false;
};

TEST(LabelChaos, a_full_scratch_fails_without_a_label_and_is_made_good_by_the_next_run) {
    const Campaign campaign(4, {}, "{type: local, jobs: 1}");
    const SmallDisk disk(campaign / "scratch", "size=64k");
    if (!disk.mounted()) GTEST_SKIP() << "mounting needs to be root";
    disk.fill();
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("0 of 4 frames labelled"), HasSubstr("disk full")));
    EXPECT_THAT(content_of(campaign.store_path()).labels, IsEmpty());
    disk.empty();
    EXPECT_EQ(campaign.run().status, 0);
    EXPECT_EQ(content_of(campaign.store_path()).labels.size(), 4u);
}

TEST(LabelChaos, a_full_disk_of_the_store_stops_the_run_and_loses_no_finished_calculation) {
    Campaign campaign(40, {}, "{type: local, jobs: 1}");
    campaign.set("store: small/labels.sqlite");
    const SmallDisk disk(campaign / "small", "size=200k");
    if (!disk.mounted()) GTEST_SKIP() << "mounting needs to be root";
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("labels.sqlite"), HasSubstr("full"), HasSubstr("run again")));
    const auto finished = campaign.log("end").size();
    EXPECT_GT(finished, 1u) << "it must fill up during the run";
    EXPECT_LT(finished, 40u);
    disk.enlarge();
    EXPECT_EQ(campaign.run().status, 0);
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(40), Each(Pair(testing::_, 1)))) << "the one that could not be stored is taken up";
}

/// Kills a run over one structure in the middle of its calculation. Gives its scratch folder.
std::filesystem::path interrupted(const Campaign& campaign) {
    const pid_t child = campaign.start();
    while (campaign.log("begin").empty()) std::this_thread::yield();
    ::kill(child, SIGKILL);
    EXPECT_EQ(campaign.finish(child).status, 128 + SIGKILL);
    for (const auto& store : std::filesystem::directory_iterator(campaign / "scratch"))
        for (const auto& label : std::filesystem::directory_iterator(store)) return label.path();
    ADD_FAILURE() << "no scratch folder was left";
    return {};
}

/// What the calculation in a scratch folder would have written.
std::string whole_output(const std::filesystem::path& folder) {
    const auto state = folder.parent_path();
    const auto command = std::string(STAND_IN_PW) + " --state " + state.string() + " --seed 1 --percent 0 --milliseconds 0 -in " +
                         (folder / "pw.in").string() + " > " + (state / "whole").string();
    EXPECT_EQ(std::system(command.c_str()), 0);
    return base::read_file(state / "whole");
}

TEST(LabelChaos, a_calculation_that_was_finished_when_the_coordinator_died_is_taken_up) {
    const Campaign campaign(1, {1, 0, 500}, "{type: local, jobs: 1}");
    const auto folder = interrupted(campaign);
    base::write_file(folder / "pw.out", whole_output(folder));
    ASSERT_EQ(campaign.run().status, 0);
    EXPECT_THAT(campaign.log("begin"), Each(Pair(testing::_, 1))) << "no second calculation";
    const Campaign calm(1, {}, "{type: local, jobs: 1}");
    ASSERT_EQ(calm.run().status, 0);
    expect_same(content_of(campaign.store_path()), content_of(calm.store_path()));
}

TEST(LabelChaos, one_that_was_cut_off_anywhere_is_not) {
    const Campaign campaign(1, {1, 0, 50}, "{type: local, jobs: 1}");
    const auto folder = interrupted(campaign);
    const auto whole = whole_output(folder);
    base::write_file(folder / "pw.out", whole.substr(0, whole.find("JOB DONE") + 4));
    ASSERT_EQ(campaign.run().status, 0);
    EXPECT_THAT(campaign.log("begin"), Each(Pair(testing::_, 2)));
    EXPECT_THAT(campaign.log("end"), Each(Pair(testing::_, 1)));
}

TEST(LabelChaos, one_that_was_finished_but_not_converged_is_not) {
    const Campaign campaign(1, {1, 0, 50}, "{type: local, jobs: 1}");
    const auto folder = interrupted(campaign);
    auto output = whole_output(folder);
    const auto at = output.find("     convergence has been achieved");
    output.erase(at, output.find('\n', at) - at);
    base::write_file(folder / "pw.out", output);
    ASSERT_EQ(campaign.run().status, 0);
    EXPECT_THAT(campaign.log("begin"), Each(Pair(testing::_, 2)));
}

}  // namespace
}  // namespace alkali::label_test::chaos_tests
