// A folder that a command takes for its own is refused to a second one while the first is at work, and given to the next one when the
// first is killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "alkali/base/files.hpp"
#include "alkali/base/lock.hpp"
#include "program.hpp"

namespace alkali::cli_test::one_folder_tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class OneFolder : public testing::Test {
protected:
    void SetUp() override {
        base::write_file(path("data.extxyz"), good_frames());
        base::write_file(path("config.yaml"), with(good_config(), "max_epochs: 2", "max_epochs: 100000"));
        base::write_file(path("short.yaml"), good_config());
        base::write_file(path("model.safetensors"), good_model());
    }
    [[nodiscard]] fs::path path(const std::string& name) const { return scratch_.path() / name; }

    /// Runs a command until a file is there; then does the work, and kills the command.
    template <class Work>
    void while_running(const Words& arguments, const std::string& sign, Work work) const {
        const pid_t child = ::fork();
        if (child == 0) {
            for (auto* stream : {stdout, stderr})
                if (std::freopen("/dev/null", "w", stream) == nullptr) ::_exit(126);
            std::vector<char*> argv{const_cast<char*>(ALKALI_PROGRAM)};
            for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
            argv.push_back(nullptr);
            if (::chdir(scratch_.path().c_str()) == 0) ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        for (int k = 0; k < 30'000 && !fs::exists(path(sign)); ++k) ::usleep(1000);
        EXPECT_TRUE(fs::exists(path(sign)));
        work(child);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    void expect_refusal(const Words& arguments, pid_t holder) const {
        const auto outcome = run(arguments, scratch_.path());
        EXPECT_EQ(outcome.status, 1) << outcome.all();
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("in use"), HasSubstr("process " + std::to_string(holder))));
    }

    const Scratch scratch_;
};

TEST_F(OneFolder, takes_one_training_at_a_time) {
    while_running({"train", "config.yaml", "-o", "out"}, "out/checkpoint/state.safetensors", [&](pid_t holder) {
        for (const char* how : {"--restart", "--overwrite"}) expect_refusal({"train", "config.yaml", "-o", "./out/", how}, holder);
        const auto other = run({"properties", "model.safetensors", "--only", "lattice", "-o", "out"}, scratch_.path());
        EXPECT_EQ(other.errors.find("in use"), std::string::npos) << "what is for another purpose keeps nobody out";
    });
    EXPECT_EQ(run({"train", "short.yaml", "-o", "out", "--overwrite"}, scratch_.path()).status, 0) << "a killed training holds nothing";
    for (const auto& name : scratch_.content()) EXPECT_EQ(name.find(".lock"), std::string::npos) << name;
}

TEST_F(OneFolder, of_a_committee_is_its_members_folder_too) {
    while_running({"train", "config.yaml", "-o", "out", "--committee", "3"}, "out/member_1/checkpoint/state.safetensors",
                  [&](pid_t holder) {
                      expect_refusal({"train", "short.yaml", "-o", "out", "--committee", "2"}, holder);
                      expect_refusal({"train", "short.yaml", "-o", "out/member_3"}, holder);
                      expect_refusal({"train", "short.yaml", "-o", "out"}, holder);
                  });
}

TEST_F(OneFolder, takes_one_run_of_properties_or_one_split_at_a_time) {
    base::NullSink log;
    const base::FolderLock properties(path("out"), "properties", log), splitting(path("out"), "splitting", log);
    expect_refusal({"properties", "model.safetensors", "-o", "out"}, ::getpid());
    expect_refusal({"data", "split", "data.extxyz", "--fraction", "0.5", "-o", "out"}, ::getpid());
}

}  // namespace
}  // namespace alkali::cli_test::one_folder_tests
