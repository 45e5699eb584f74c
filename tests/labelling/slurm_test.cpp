// `alkali label run` through a Slurm that the test starts on this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "alkali/base/child_process.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "campaign.hpp"

namespace alkali::label_test::slurm_tests {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

/// Starts Slurm for a suite of tests and ends it after them.
class SlurmSuite : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder() = std::filesystem::temp_directory_path() / ("alkali_slurm_" + std::to_string(::getpid()));
        status() = control("start");
        ::setenv("SLURM_CONF", (folder() / "slurm.conf").c_str(), 1);
    }
    static void TearDownTestSuite() {
        (void)control("stop");
        ::unsetenv("SLURM_CONF");
        std::error_code ignored;
        std::filesystem::remove_all(folder(), ignored);
    }
    void SetUp() override {
        if (status() == 77) GTEST_SKIP() << "Slurm or munge is not installed";
        ASSERT_EQ(status(), 0) << "Slurm does not start; see " << folder();
    }

    static base::Command command(std::vector<std::string> words) {
        base::Command command;
        command.words = std::move(words);
        command.output = folder() / "answer";
        return command;
    }
    [[nodiscard]] static std::size_t queued() {
        EXPECT_EQ(base::run_command(command({"squeue", "--noheader", "--array", "--me"})).status, 0);
        std::ifstream lines(folder() / "answer");
        return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(lines), {}, '\n'));
    }

private:
    static std::filesystem::path& folder() {
        static std::filesystem::path path;
        return path;
    }
    static int& status() {
        static int value = 0;
        return value;
    }
    static int control(const char* action) {
        const auto command = std::string(SLURM_SCRIPT) + " " + action + " " + folder().string() + " 2 < /dev/null > /dev/null 2>&1";
        return WEXITSTATUS(std::system(command.c_str()));
    }
};

class LabelSlurm : public SlurmSuite {};
class SlowLabelSlurm : public SlurmSuite {};

bool wait_until(const std::function<bool()>& condition, int seconds = 60) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

/// Kills one task that labels at the moment. Gives its name in Slurm.
std::string kill_a_task(const std::filesystem::path& path) {
    labelling::Store store(path, labelling::Sharing::several_machines);
    std::string name;
    const auto killed = [&] {
        for (const auto& claim : store.claims())
            if (life_of(claim.owner) == labelling::Life::alive && ::kill(static_cast<pid_t>(claim.owner.process), SIGKILL) == 0) {
                name = claim.owner.name;
                return true;
            }
        return false;
    };
    EXPECT_TRUE(wait_until(killed)) << "no task was at work";
    return name;
}

// Three looks that do not find a task take longer than Slurm lags on a busy machine.
constexpr const char* queue = "{type: slurm, jobs: 2, poll: 1, time: 120, memory: 500}";

/// 20 frames through an array; one task and then the coordinator are killed, and the coordinator is started again.
void label_through_kills(const Campaign& campaign, std::size_t frames) {
    const auto labels = [&] { return labelling::Store(campaign.store_path(), labelling::Sharing::several_machines).keys().size(); };
    const pid_t first = campaign.start();
    ASSERT_TRUE(wait_until([&] { return labels() >= 3; }, 300)) << campaign.finish(first).errors;
    EXPECT_THAT(kill_a_task(campaign.store_path()), HasSubstr("slurm "));
    ASSERT_TRUE(wait_until([&] { return labels() >= 6; }, 300));
    ::kill(first, SIGKILL);
    EXPECT_EQ(campaign.finish(first).status, 128 + SIGKILL);
    EXPECT_LT(labels(), frames) << "the kills must come while there is work";
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 0) << outcome.errors << outcome.output;
    EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), frames);
    labelling::Store store(campaign.store_path(), labelling::Sharing::several_machines);
    EXPECT_TRUE(store.claims().empty());
    EXPECT_TRUE(store.failures().empty());
    for (const auto& entry : std::filesystem::directory_iterator(campaign.store_path().string() + ".jobs"))
        EXPECT_EQ(entry.path().filename(), "lock") << "job lists and outputs are removed when their jobs are labelled";
}

TEST_F(LabelSlurm, an_array_with_a_killed_job_and_a_killed_coordinator_labels_20_frames) {
    const Campaign campaign(20, {1, 0, 200}, queue), calm(20, {}, "{type: local, jobs: 2}");
    label_through_kills(campaign, 20);
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(20), Each(Pair(testing::_, 1)))) << "nothing is run twice to success";
    EXPECT_THAT(campaign.log("twice"), IsEmpty());
    ASSERT_EQ(calm.run().status, 0);
    EXPECT_EQ(content_of(campaign.store_path()).labels, content_of(calm.store_path()).labels);
}

TEST_F(SlowLabelSlurm, the_same_with_pw_x_itself) {
    const Campaign campaign(20, {}, queue), here(20, {}, "{type: local, jobs: 2}");
    campaign.use_quantum_espresso();
    here.use_quantum_espresso();
    label_through_kills(campaign, 20);
    ASSERT_EQ(here.run().status, 0);
    EXPECT_EQ(content_of(campaign.store_path()).labels, content_of(here.store_path()).labels) << "as computed without Slurm, bit by bit";
}

TEST_F(LabelSlurm, after_an_interrupt_the_jobs_go_on_and_the_next_run_collects_them) {
    const Campaign campaign(4, {1, 0, 300}, queue);
    const pid_t child = campaign.start();
    ASSERT_TRUE(wait_until([&] { return !campaign.log("begin").empty(); }));
    ::kill(child, SIGINT);
    const auto outcome = campaign.finish(child);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("jobs stay in Slurm"), HasSubstr("scancel --name=alkali-"), HasSubstr("interrupted")));
    ASSERT_TRUE(wait_until([&] { return queued() == 0; }));
    EXPECT_EQ(campaign.run({"--gather"}).status, 0) << "nothing is left to do but to write the output";
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(4), Each(Pair(testing::_, 1))));
}

TEST_F(LabelSlurm, what_a_process_killed_amid_a_question_to_slurm_left_is_swept_up) {
    const Campaign campaign(2, {}, queue);
    const std::filesystem::path folder = campaign.store_path().string() + ".jobs";
    std::filesystem::create_directories(folder);
    for (const char* name : {"squeue.4194304.out.tmp", "squeue.4194304.err.tmp", "scancel.4194304.out.tmp"})
        base::write_file(folder / name, "");
    EXPECT_EQ(campaign.run().status, 0);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) EXPECT_EQ(entry.path().filename(), "lock");
}

TEST_F(LabelSlurm, failures_in_jobs_are_told_as_if_they_were_local) {
    const Campaign campaign(6, {5, 100, 1}, "{type: slurm, jobs: 2, poll: 0.2, time: 1, memory: 80}"),
        local(6, {5, 100, 1}, "{type: local, jobs: 2, time: 1, memory: 80}");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("failed:\n"));
    settle(campaign);
    settle(local);
    const auto through_slurm = content_of(campaign.store_path()), here = content_of(local.store_path());
    EXPECT_THAT(differences(through_slurm.labels, here.labels), IsEmpty());
    EXPECT_THAT(differences(through_slurm.failures, here.failures), IsEmpty());
    EXPECT_FALSE(here.failures.empty());
}

TEST_F(LabelSlurm, cancelled_jobs_are_not_submitted_again_before_the_next_run) {
    const Campaign campaign(3, {1, 0, 60000}, queue);  // far longer than Slurm takes to kill
    const pid_t child = campaign.start();
    ASSERT_TRUE(wait_until([&] { return !campaign.log("begin").empty(); }));
    EXPECT_EQ(base::run_command(command({"scancel", "--me"})).status, 0);
    const auto outcome = campaign.finish(child);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("scancel"));
    EXPECT_EQ(campaign.log("end").size(), 0u);
}

TEST_F(LabelSlurm, what_sbatch_refuses_is_told_in_its_words) {
    const Campaign campaign(2, {}, "{type: slurm, partition: nowhere, poll: 0.2}");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("invalid partition"), HasSubstr("sinfo")));
}

TEST_F(LabelSlurm, a_percent_sign_in_the_path_is_a_percent_sign) {
    Campaign campaign(2, {}, queue);
    campaign.set("store: 50%a %x%%/labels.sqlite");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 0) << outcome.errors << outcome.output;
    EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), 2u);
}

}  // namespace
}  // namespace alkali::label_test::slurm_tests
