#include "alkali/base/child_process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/loopback.hpp"

namespace alkali::base::child_process_tests {
namespace {

namespace fs = std::filesystem;

bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

/// Neither there nor a zombie.
bool alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto bracket = text.rfind(')');
    return bracket != std::string::npos && text.substr(bracket + 2, 1) != "Z";
}

class ChildProcess : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("alkali_child_" + std::to_string(::getpid()));
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] Command shell(const std::string& script) const {
        Command command;
        command.words = {"sh", "-c", script};
        command.folder = folder_;
        command.output = folder_ / "out";
        command.errors = folder_ / "err";
        return command;
    }
    [[nodiscard]] std::string output() const { return read_file(folder_ / "out"); }
    /// Runs a command that is to run out of time once it has written these files: on a busy machine it needs more time for that.
    [[nodiscard]] CommandOutcome run_out_of_time(Command command, double seconds, const std::vector<std::string>& files) const {
        for (command.max_seconds = seconds;; command.max_seconds *= 4) {
            for (const auto& file : files) fs::remove(folder_ / file);
            const auto outcome = run_command(command);
            const auto there = [&](const std::string& file) { return fs::exists(folder_ / file) && fs::file_size(folder_ / file) > 0; };
            if (std::all_of(files.begin(), files.end(), there) || command.max_seconds > 60) return outcome;
        }
    }
    [[nodiscard]] pid_t pid_in(const std::string& name) const {
        pid_t pid = 0;
        std::ifstream(folder_ / name) >> pid;
        return pid;
    }

    fs::path folder_;
};

TEST_F(ChildProcess, gives_exit_status_streams_and_folder) {
    write_file(folder_ / "in", "words");
    auto command = shell("cat; pwd; echo wrong >&2; exit 7");
    command.input = folder_ / "in";
    const auto outcome = run_command(command);
    EXPECT_EQ(outcome.ending, Ending::exited);
    EXPECT_EQ(outcome.status, 7);
    EXPECT_EQ(output(), "words" + fs::canonical(folder_).string() + "\n");
    EXPECT_EQ(read_file(folder_ / "err"), "wrong\n");
    EXPECT_GT(outcome.peak_bytes, 0);
}

TEST_F(ChildProcess, interleaves_when_both_streams_name_one_file) {
    auto command = shell("echo a; echo b >&2; echo c");
    command.errors = command.output;
    EXPECT_EQ(run_command(command).status, 0);
    EXPECT_EQ(output(), "a\nb\nc\n");
}

TEST_F(ChildProcess, arguments_pass_no_shell) {
    Command command;
    command.words = {"printf", "%s|", "a b", "$HOME", "'", ""};
    command.output = folder_ / "out";
    EXPECT_EQ(run_command(command).status, 0);
    EXPECT_EQ(output(), "a b|$HOME|'||");
}

TEST_F(ChildProcess, environment_is_added_to_and_stripped_by_prefix) {
    ::setenv("OMPI_ALKALI_TEST", "inherited", 1);
    ::setenv("ALKALI_KEPT", "kept", 1);
    ::setenv("ALKALI_CHANGED", "before", 1);
    auto command = shell("echo \"[$OMPI_ALKALI_TEST] $ALKALI_KEPT $ALKALI_CHANGED $OMP_NUM_THREADS\"");
    command.dropped_environment = {"OMPI_", "PMIX_"};
    command.environment = {{"OMP_NUM_THREADS", "1"}, {"ALKALI_CHANGED", "after"}};
    EXPECT_EQ(run_command(command).status, 0);
    EXPECT_EQ(output(), "[] kept after 1\n");
    for (const char* name : {"OMPI_ALKALI_TEST", "ALKALI_KEPT", "ALKALI_CHANGED"}) ::unsetenv(name);
}

TEST_F(ChildProcess, sees_no_other_open_file) {
    const int open = ::open("/dev/null", O_RDONLY);
    ASSERT_GE(open, 3);
    // Without a pipe, a further process or a listing of the folder: those would open files of their own.
    EXPECT_EQ(
        run_command(shell("d=0; while [ $d -lt 1024 ]; do if [ -e /proc/$$/fd/$d ]; then printf '%s ' $d; fi; d=$((d+1)); done")).status,
        0);
    ::close(open);
    EXPECT_EQ(output(), "0 1 2 ");
}

TEST_F(ChildProcess, what_cannot_start_is_an_error_that_names_it) {
    Command command;
    command.words = {"no-such-program-of-alkali"};
    EXPECT_THROW(static_cast<void>(run_command(command)), ExternalProgramError);
    try {
        static_cast<void>(run_command(command));
    } catch (const Error& error) {
        EXPECT_EQ(error.where(), "no-such-program-of-alkali");
    }
    write_file(folder_ / "not_executable", "text");
    command.words = {(folder_ / "not_executable").string()};
    EXPECT_THROW(static_cast<void>(run_command(command)), ExternalProgramError);
    command.words = {"true"};
    command.folder = folder_ / "nowhere";
    EXPECT_THROW(static_cast<void>(run_command(command)), ExternalProgramError);
    command.folder.clear();
    command.output = folder_ / "nowhere" / "out";
    EXPECT_THROW(static_cast<void>(run_command(command)), ExternalProgramError);
    command.words.clear();
    EXPECT_THROW(static_cast<void>(run_command(command)), ExternalProgramError);
}

TEST_F(ChildProcess, tells_the_signal_that_killed_it) {
    const auto outcome = run_command(shell("kill -KILL $$"));
    EXPECT_EQ(outcome.ending, Ending::signalled);
    EXPECT_EQ(outcome.status, SIGKILL);
}

TEST_F(ChildProcess, is_ended_with_all_its_descendants_when_time_is_out) {
    // One child in the group, one that left it, one that ignores SIGTERM.
    auto command = shell("sleep 1000 & echo $! >one; setsid sh -c 'echo $$ >two; exec sleep 1000' & (trap '' TERM; sleep 1000) & wait");
    const auto outcome = run_out_of_time(command, 0.5, {"one", "two"});
    EXPECT_EQ(outcome.ending, Ending::out_of_time);
    EXPECT_GE(outcome.seconds, 0.5);
    EXPECT_LT(outcome.seconds, 500);
    for (const char* name : {"one", "two"}) {
        ASSERT_GT(pid_in(name), 0) << name;
        EXPECT_FALSE(alive(pid_in(name))) << name;
    }
}

TEST_F(ChildProcess, a_polite_program_may_clean_up_before_it_ends) {
    const auto command = shell("trap 'echo cleaned; exit 3' TERM; echo >ready; while :; do sleep 0.05; done");
    const auto outcome = run_out_of_time(command, 0.3, {"ready"});
    EXPECT_EQ(outcome.ending, Ending::out_of_time);
    EXPECT_EQ(outcome.status, 3);
    EXPECT_EQ(output(), "cleaned\n");
}

TEST_F(ChildProcess, is_ended_when_the_stop_flag_is_set) {
    std::atomic<bool> stop = false;
    auto command = shell("echo $$ >one; sleep 1000");
    command.stop = &stop;
    std::thread setter([&] {
        EXPECT_TRUE(eventually([&] { return pid_in("one") > 0; }));
        stop = true;
    });
    const auto outcome = run_command(command);
    setter.join();
    EXPECT_EQ(outcome.ending, Ending::stopped);
    EXPECT_FALSE(alive(pid_in("one")));
}

TEST_F(ChildProcess, memory_of_the_whole_group_is_limited) {
    // The grandchild holds 64 MB of text.
    const std::string hog = "sh -c 'x=$(head -c 64000000 /dev/zero | tr \"\\000\" x); sleep 1000' & wait";
    auto command = shell(hog);
    command.max_bytes = 48'000'000;
    const auto outcome = run_command(command);
    EXPECT_EQ(outcome.ending, Ending::out_of_memory);
    EXPECT_GT(outcome.peak_bytes, 48'000'000);
    command = shell("sleep 0.3");
    command.max_bytes = 48'000'000;
    EXPECT_EQ(run_command(command).ending, Ending::exited);
}

TEST_F(ChildProcess, leaves_nothing_running_behind_a_program_that_ended) {
    const auto outcome = run_command(shell("setsid sleep 1000 & echo $! >one; exit 0"));
    EXPECT_EQ(outcome.ending, Ending::exited);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_FALSE(alive(pid_in("one")));
}

TEST_F(ChildProcess, dies_with_the_process_that_started_it) {
    auto command = shell("sleep 1000 & echo $! >one; setsid sh -c 'echo $$ >two; exec sleep 1000' & wait");
    const pid_t starter = ::fork();
    ASSERT_GE(starter, 0);
    if (starter == 0) {
        static_cast<void>(run_command(command));
        ::_exit(0);
    }
    EXPECT_TRUE(eventually([&] { return pid_in("one") > 0 && pid_in("two") > 0; }));
    ::kill(starter, SIGKILL);
    ::waitpid(starter, nullptr, 0);
    EXPECT_TRUE(eventually([&] { return !alive(pid_in("one")) && !alive(pid_in("two")); }));
}

TEST_F(ChildProcess, several_threads_run_their_own) {
    std::vector<std::thread> threads;
    std::vector<int> status(8, -1);
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            Command command;
            command.words = {"sh", "-c", "exit " + std::to_string(i)};
            for (int k = 0; k < 10; ++k) status[static_cast<std::size_t>(i)] = run_command(command).status;
        });
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(status[static_cast<std::size_t>(i)], i);
}

/// What a program sees of the network: its interfaces, and whether the loopback is up.
constexpr const char* look_at_network =
    "tail -n +3 /proc/self/net/dev | cut -d: -f1 | tr -d ' '; grep -c '127.0.0.1' /proc/self/net/fib_trie";

TEST_F(ChildProcess, on_this_machine_alone_reaches_the_loopback_and_nothing_else) {
    if (!can_leave_networks()) GTEST_SKIP() << "namespaces are not allowed here";
    auto command = shell(look_at_network);
    command.network = Network::this_machine;
    EXPECT_EQ(run_command(command).status, 0);
    EXPECT_THAT(output(), ::testing::MatchesRegex("lo\n[1-9][0-9]*\n"));
}

TEST_F(ChildProcess, so_it_is_for_users_that_are_not_root) {
    if (::geteuid() != 0) GTEST_SKIP() << "the test above is of such a user";
    fs::permissions(folder_, fs::perms::all);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(3);
        ::prctl(PR_SET_DUMPABLE, 1);  // as after an exec: /proc/self is this user's
        auto command = shell(std::string(look_at_network) + "; id -u");
        command.network = Network::this_machine;
        try {
            ::_exit(run_command(command).status);
        } catch (const Error&) {
            ::_exit(2);
        }
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "user namespaces are not allowed here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_THAT(output(), ::testing::MatchesRegex("lo\n[1-9][0-9]*\n65534\n"));
}

}  // namespace
}  // namespace alkali::base::child_process_tests
