#include "alkali/base/lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"

namespace alkali::base::lock_tests {
namespace {

namespace fs = std::filesystem;

class Lock : public testing::Test {
protected:
    void SetUp() override {
        root_ = fs::temp_directory_path() / ("alkali_lock_" + std::to_string(::getpid()));
        fs::create_directories(root_);
    }
    void TearDown() override { fs::remove_all(root_); }

    /// A process that holds the lock until it is killed.
    [[nodiscard]] pid_t holder() {
        const pid_t child = ::fork();
        if (child == 0) {
            const FolderLock lock(folder(), "training", log_);
            std::ofstream(root_ / "held") << "x";
            ::pause();
            ::_exit(0);
        }
        while (!fs::exists(root_ / "held")) ::usleep(1000);
        return child;
    }
    [[nodiscard]] fs::path folder() const { return root_ / "a" / "b"; }

    fs::path root_;
    NullSink log_;
};

TEST_F(Lock, keeps_others_out_and_names_who_holds_it) {
    const pid_t child = holder();
    try {
        const FolderLock second(folder(), "training", log_);
        ADD_FAILURE() << "two have it";
    } catch (const InputError& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find(folder().string()), std::string::npos) << text;
        EXPECT_NE(text.find("process " + std::to_string(child)), std::string::npos) << text;
    }
    const FolderLock other_purpose(folder(), "properties", log_);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const FolderLock next(folder(), "training", log_);
}

TEST_F(Lock, does_not_take_the_place_of_a_file_of_another_kind) {
    const auto path = root_ / "notes";
    std::ofstream(path) << "three years";
    EXPECT_THROW((LockFile{path, {"writing", "here", "wait"}, log_}), FileError);
    EXPECT_EQ(read_file(path), "three years");
    std::ofstream(path, std::ios::trunc) << "process 1 on elsewhere\n";
    { const LockFile left(path, {"writing", "here", "wait"}, log_); }
    EXPECT_FALSE(fs::exists(path)) << "what a killed process left is taken over";
}

TEST_F(Lock, leaves_nothing_behind) {
    { const FolderLock lock(folder(), "training", log_); }
    EXPECT_TRUE(fs::is_empty(root_)) << "neither a file nor the folders it made";
    {
        const FolderLock lock(folder(), "training", log_);
        write_file(folder() / "kept", "x");
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 1);
}

TEST_F(Lock, of_what_is_no_folder_is_refused_and_removes_nothing) {
    write_file(root_ / "file", "x");
    fs::create_symlink("nowhere", root_ / "link");
    EXPECT_THROW(FolderLock(root_ / "file", "training", log_), FileError);
    EXPECT_THROW(FolderLock(root_ / "link", "training", log_), FileError);
    EXPECT_TRUE(fs::exists(root_ / "file") && fs::is_symlink(root_ / "link"));
}

}  // namespace
}  // namespace alkali::base::lock_tests
