// The Slurm queue against commands of the test's own, which say what real ones say on bad days.
#include "alkali/labelling/queue/slurm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <sstream>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "samples.hpp"

namespace alkali::labelling::slurm_queue_tests {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Recorder final : Watch {
    std::vector<std::string> done, notes;
    std::map<std::string, Failure> failures;
    void labelled(const Job& job) override { done.push_back(job.key); }
    void failed(const Job& job, const Failure& failure) override { failures[job.key] = failure; }
    void note(const std::string& text) override { notes.push_back(text); }
};

/// sbatch, squeue and scancel are shell scripts in a folder in front of the PATH; what they need between calls is in files of
/// that folder. Every call adds a line to NAME.calls.
class SlurmQueueOnBadDays : public ::testing::Test {
protected:
    void SetUp() override {
        path_ = std::getenv("PATH");
        ::setenv("PATH", (scratch_ / "bin").string().append(":" + path_).c_str(), 1);
        script("scancel", "exit 0");
        script("squeue", "exit 0");
        for (std::uint64_t i = 0; i < 4; ++i) jobs_.push_back({samples::key(i), {samples::settings(), samples::structure(i)}, 1});
        settings_.task = {"alkali", "label", "task"};
        settings_.folder = scratch_ / "jobs";
        settings_.poll = 0.02;
    }
    void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }

    void script(const std::string& name, const std::string& body) const {
        const auto file = scratch_ / "bin" / name;
        const auto folder = (scratch_ / "bin").string();
        base::write_file(
            file, "#!/bin/sh\ncd " + folder + "\necho \"$@\" >> " + name + ".calls\nn=$(wc -l < " + name + ".calls)\n" + body + "\n");
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
    [[nodiscard]] std::vector<std::string> calls(const std::string& name) const {
        const auto file = scratch_ / "bin" / (name + ".calls");
        std::vector<std::string> lines;
        std::istringstream text(std::filesystem::exists(file) ? base::read_file(file) : "");
        for (std::string line; std::getline(text, line);) lines.push_back(line);
        return lines;
    }
    /// Labels everything once `name` was called so often, as the tasks would.
    void label_when(const std::string& name, std::size_t times) {
        worker_ = std::jthread([this, name, times](const std::stop_token& stop) {
            while (!stop.stop_requested() && calls(name).size() < times) std::this_thread::sleep_for(std::chrono::milliseconds(5));
            if (stop.stop_requested()) return;
            for (std::uint64_t i = 0; i < jobs_.size(); ++i) {
                const auto owner = samples::owner("slurm 77_" + std::to_string(i));
                (void)store_.claim(jobs_[i].key, owner, 300);
                (void)store_.finish(jobs_[i].key, jobs_[i].subject, samples::label(i), owner.name);
            }
        });
    }
    void run() { SlurmQueue(store_, settings_).run(jobs_, watch_, {&stop_, nullptr}); }
    /// With label_when(): every job is labelled, none fails.
    void run_until_labelled(const std::string& name, std::size_t times) {
        label_when(name, times);
        run();
        EXPECT_THAT(watch_.done, SizeIs(4));
        EXPECT_THAT(watch_.failures, IsEmpty());
    }
    /// The number of the job array that sbatch's answer tells.
    [[nodiscard]] std::string submitted() const {
        JobList list{settings_.folder / "a.json", "a", "", {}};
        list.jobs.push_back({jobs_[0], 0, 0});
        std::filesystem::create_directories(settings_.folder);
        return slurm::submit(list, settings_.task, {}).array;
    }

    samples::Scratch scratch_;
    Store store_{scratch_ / "labels.sqlite"};
    SlurmSettings settings_;
    std::vector<Job> jobs_;
    Recorder watch_;
    std::atomic<bool> stop_{false};
    std::string path_;
    std::jthread worker_;
};

class SlurmControllerAway : public SlurmQueueOnBadDays, public ::testing::WithParamInterface<const char*> {};

TEST_P(SlurmControllerAway, is_waited_for) {
    script("sbatch", std::string("[ $n -lt 3 ] && { echo '") + GetParam() + "' >&2; exit 1; }\necho 77");
    run_until_labelled("sbatch", 3);
    EXPECT_THAT(watch_.notes, Contains(HasSubstr(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(
    Words, SlurmControllerAway,
    ::testing::Values("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
                      "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
                      "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
                      "sbatch: error: Batch job submission failed: Resource temporarily unavailable"));

TEST_F(SlurmQueueOnBadDays, against_a_limit_of_jobs_smaller_arrays_are_tried) {
    script("sbatch",
           "case \"$*\" in *--array=0-3%*|*--array=0-1%*) echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2\n"
           "echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)' >&2; exit 1;; "
           "esac\necho 77");
    run_until_labelled("sbatch", 3);
    EXPECT_THAT(watch_.notes, Contains(HasSubstr("QOSMaxSubmitJobPerUserLimit")));
    EXPECT_THAT(calls("sbatch").at(2), HasSubstr("--array=0-0%"));
}

struct NeverPassing {
    std::string name, sbatch, squeue, words;
    std::size_t submissions;
};
void PrintTo(const NeverPassing& fault, std::ostream* stream) { *stream << fault.name; }

class SlurmFaultThatNeverPasses : public SlurmQueueOnBadDays, public ::testing::WithParamInterface<NeverPassing> {};

TEST_P(SlurmFaultThatNeverPasses, ends_the_run_in_the_programs_words) {
    script("sbatch", GetParam().sbatch);
    script("squeue", GetParam().squeue);
    try {
        run();
        FAIL() << "no end";
    } catch (const ExternalProgramError& error) {
        EXPECT_THAT(error.what(), HasSubstr(GetParam().words));
    }
    EXPECT_THAT(calls("sbatch"), SizeIs(GetParam().submissions));
}

// Against a limit, arrays of 4 and of 2 are tried and then one job ten times.
INSTANTIATE_TEST_SUITE_P(
    Of, SlurmFaultThatNeverPasses,
    ::testing::Values(NeverPassing{"partition", "echo 'sbatch: error: invalid partition specified: nowhere' >&2; exit 1", "exit 0",
                                   "invalid partition specified: nowhere", 1},
                      NeverPassing{"limit", "echo 'sbatch: error: Job violates accounting/QOS policy (job submit limit, size)' >&2; exit 1",
                                   "exit 0", "accounting/QOS policy", 12},
                      NeverPassing{"question", "echo 77", "echo 'squeue: error: Invalid user: 0' >&2; exit 1", "Invalid user: 0", 1}),
    [](const auto& info) { return info.param.name; });

TEST_F(SlurmQueueOnBadDays, the_number_of_the_job_is_found_amid_what_a_site_prints) {
    for (const std::string answer :
         {"Welcome to the cluster\\nQuota: 12 of 100\\n4711", "4711;cluster\\nHave a nice day", "Submitted batch job 4711", "  4711  ",
          "lua: job of project 12 checked\\nSubmitted batch job 4711 on cluster x", "4711\\n4711", "Submitted batch job 4711\\n2026"}) {
        script("sbatch", "printf '" + answer + "\\n'");
        EXPECT_EQ(submitted(), "4711") << answer;
    }
    script("sbatch", "echo all is well");
    EXPECT_THROW((void)submitted(), ExternalProgramError);
    EXPECT_THAT(calls("scancel"), SizeIs(1));
}

TEST_F(SlurmQueueOnBadDays, of_two_numbers_none_is_taken_for_the_job) {
    script("sbatch", "echo 4711; echo 2026");
    EXPECT_THROW((void)submitted(), ExternalProgramError);
    EXPECT_THAT(calls("scancel"), SizeIs(1));
}

TEST_F(SlurmQueueOnBadDays, a_persons_own_filters_of_squeue_hide_no_jobs) {
    for (const char* name : {"SQUEUE_STATES", "SQUEUE_PARTITION", "SCANCEL_STATE", "SBATCH_CLUSTERS", "SBATCH_WAIT"})
        ::setenv(name, "x", 1);
    script("sbatch", "env | grep -c '^S[A-Z]*_[STPCW][A-Z]*=x$' > seen; echo 77");
    script("squeue", "env | grep -c '^S[A-Z]*_[STPCW][A-Z]*=x$' >> seen; exit 0");
    run_until_labelled("sbatch", 1);
    for (const char* name : {"SQUEUE_STATES", "SQUEUE_PARTITION", "SCANCEL_STATE", "SBATCH_CLUSTERS", "SBATCH_WAIT"}) ::unsetenv(name);
    EXPECT_THAT(base::read_file(scratch_ / "bin" / "seen"), ::testing::Not(HasSubstr("1")));
}

TEST_F(SlurmQueueOnBadDays, arguments_by_which_jobs_would_not_be_found_again_are_refused) {
    for (const std::string word : {"--job-name=mine", "--job-n=mine", "-Jmine", "-J", "--array=1-3", "-a", "--output=x", "-o", "--wait",
                                   "-W", "--wrap=ls", "--test-only"})
        EXPECT_THROW((void)slurm::clusters_of({"--account=me", word}), InputError) << word;
    EXPECT_EQ(slurm::clusters_of({"--account=me", "-A", "me", "--wait-all-nodes=1", "--chdir=/tmp"}), "");
}

TEST_F(SlurmQueueOnBadDays, the_cluster_that_jobs_go_to_is_asked_for_them) {
    for (const auto& extra : std::vector<std::vector<std::string>>{{"--clusters=big"}, {"--clusters", "big"}, {"-M", "big"}, {"-Mbig"}})
        EXPECT_EQ(slurm::clusters_of(extra), "big");
    settings_.request.extra = {"--clusters=big"};
    settings_.request.clusters = "big";
    script("sbatch", "echo '77;big'");
    run_until_labelled("sbatch", 1);
    EXPECT_THAT(calls("squeue"), ::testing::Each(HasSubstr("--clusters=big")));
}

TEST_F(SlurmQueueOnBadDays, tasks_work_where_the_run_was_started_whatever_the_folder_slurm_starts_them_in) {
    script("sbatch", "for last; do :; done; cp \"$last\" script; echo 77");
    run_until_labelled("sbatch", 1);
    EXPECT_THAT(base::read_file(scratch_ / "bin" / "script"), HasSubstr("cd '" + std::filesystem::current_path().string() + "'"));
}

TEST_F(SlurmQueueOnBadDays, a_job_is_lost_only_after_several_looks) {
    script("sbatch", "echo 77; echo \"$*\" | sed 's/.*--job-name=\\([^ ]*\\).*/\\1/' > name");
    // Known, unknown twice, known again, and so on.
    script("squeue",
           "[ -f name ] || exit 0\n[ $((n % 3)) -eq 0 ] && for i in 0 1 2 3; do echo \"$(cat name)|77|$i|RUNNING|None\"; done\nexit 0");
    run_until_labelled("squeue", 12);
    EXPECT_THAT(calls("sbatch"), SizeIs(1)) << "nothing was submitted again";
}

TEST_F(SlurmQueueOnBadDays, a_job_that_stays_away_is_lost) {
    script("sbatch", "echo 77");
    run();
    EXPECT_THAT(watch_.failures, SizeIs(4));
}

TEST_F(SlurmQueueOnBadDays, squeue_is_asked_in_a_way_that_old_releases_know_and_its_words_are_shown) {
    script("sbatch", "echo 77");
    script("squeue",
           "case \"$*\" in *--me*) echo \"squeue: unrecognized option '--me'\" >&2; exit 1;; esac\n"
           "[ $n -lt 4 ] && { echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1; }\nexit 0");
    run_until_labelled("squeue", 5);
    EXPECT_THAT(watch_.notes, Contains(HasSubstr("Unable to contact slurm controller")));
}

TEST_F(SlurmQueueOnBadDays, a_percent_sign_in_the_path_is_none_of_its_patterns) {
    settings_.folder = scratch_ / "50%a of%%x" / "jobs";
    script("sbatch", "printf '%s\\n' \"$@\" > words; echo 77");
    label_when("sbatch", 1);
    run();
    EXPECT_THAT(watch_.done, SizeIs(4));
    const auto words = base::read_file(scratch_ / "bin" / "words");
    EXPECT_THAT(words, HasSubstr("/50%%a of%%%%x/jobs/alkali-"));
    EXPECT_THAT(words, HasSubstr("-%a.out\n"));
    EXPECT_THAT(words, HasSubstr("/50%a of%%x/jobs/alkali-")) << "the script, which is no pattern";
}

TEST_F(SlurmQueueOnBadDays, a_backslash_in_the_path_which_would_end_all_patterns_is_refused) {
    settings_.folder = scratch_ / "a\\b" / "jobs";
    script("sbatch", "echo 77");
    EXPECT_THROW(run(), InputError);
    EXPECT_THAT(calls("sbatch"), IsEmpty());
}

TEST_F(SlurmQueueOnBadDays, a_job_list_whose_structure_is_not_that_of_its_key_is_refused) {
    save({scratch_ / "jobs" / "list.json", "alkali-x", "77", {{jobs_[0], 0, 0}, {jobs_[1], 0, 0}}});
    EXPECT_EQ(load_job_list(scratch_ / "jobs" / "list.json").jobs.size(), 2u);
    auto text = base::read_file(scratch_ / "jobs" / "list.json");
    const auto at = text.find("\"level\":\"fast\"");
    ASSERT_NE(at, std::string::npos);
    base::write_file(scratch_ / "jobs" / "list.json", text.replace(at, 14, "\"level\":\"good\""));
    try {
        static_cast<void>(load_job_list(scratch_ / "jobs" / "list.json"));
        ADD_FAILURE() << "it is read";
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("job 0"), HasSubstr("its key"), HasSubstr("list.json")));
    }
}

}  // namespace
}  // namespace alkali::labelling::slurm_queue_tests
