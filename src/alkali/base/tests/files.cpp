#include "alkali/base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/base/temporary.hpp"

namespace {

enum class Disk { good, cannot_store_files, cannot_store_folders };
Disk disk = Disk::good;

}  // namespace

// Stands in for the C library's in this program: a disk that fails when it is asked to store.
extern "C" int fsync(int descriptor) {
    struct stat status = {};
    ::fstat(descriptor, &status);
    if (disk == (S_ISDIR(status.st_mode) ? Disk::cannot_store_folders : Disk::cannot_store_files)) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace alkali::base::files_tests {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("alkali_files_" + std::to_string(::getpid()));
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    [[nodiscard]] static mode_t mode_of(const fs::path& path) {
        struct stat status = {};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0;
    }
    /// What the work is refused with; empty if it is not.
    template <class Work>
    static std::string refusal(Work work) {
        try {
            work();
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }

    fs::path folder_;
};

TEST_F(Files, appear_whole_or_not_at_all) {
    {
        AtomicFile abandoned(folder_ / "a");
        abandoned.stream() << "half";
    }
    EXPECT_TRUE(fs::is_empty(folder_));
    write_file(folder_ / "a", "first");
    {
        AtomicFile abandoned(folder_ / "a");
        abandoned.stream() << "half";
        abandoned.stream().flush();
        EXPECT_EQ(read_file(folder_ / "a"), "first");
    }
    EXPECT_EQ(read_file(folder_ / "a"), "first");
    write_file(folder_ / "below" / "b", "second");
    EXPECT_EQ(read_file(folder_ / "below" / "b"), "second");
}

TEST_F(Files, a_device_is_written_into_and_never_replaced) {
    const auto link = folder_ / "out";
    fs::create_symlink("/dev/null", link);
    write_file(link, "gone");
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
    // /dev/full takes nothing: that must be told.
    fs::create_symlink("/dev/full", folder_ / "full");
    EXPECT_THROW(write_file(folder_ / "full", "too much"), FileError);
    EXPECT_TRUE(fs::is_symlink(folder_ / "full"));
}

TEST_F(Files, a_link_stays_and_the_file_behind_it_is_replaced) {
    write_file(folder_ / "real" / "file", "old");
    fs::create_symlink("real/file", folder_ / "link");
    write_file(folder_ / "link", "new");
    EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
    EXPECT_EQ(read_file(folder_ / "real" / "file"), "new");
}

TEST_F(Files, what_the_disk_does_not_store_replaces_nothing_and_is_told) {
    write_file(folder_ / "a", "old");
    disk = Disk::cannot_store_files;
    EXPECT_THROW(write_file(folder_ / "a", "new"), FileError);
    disk = Disk::cannot_store_folders;
    EXPECT_THROW(write_file(folder_ / "b", "new"), FileError);
    disk = Disk::good;
    EXPECT_EQ(read_file(folder_ / "a"), "old");
    EXPECT_EQ(read_file(folder_ / "b"), "new");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2) << "no temporary file is left";
}

TEST_F(Files, a_folder_in_the_place_of_a_file_is_refused_before_any_work) {
    fs::create_directories(folder_ / "a.json");
    EXPECT_THROW(AtomicFile(folder_ / "a.json"), FileError);
    EXPECT_TRUE(fs::is_empty(folder_ / "a.json"));
}

TEST_F(Files, what_replaces_a_file_keeps_its_mode) {
    for (const mode_t mode : {0600U, 0640U, 0444U, 0755U}) {
        write_file(folder_ / "a", "old");
        ::chmod((folder_ / "a").c_str(), mode);
        write_file(folder_ / "a", "new");
        EXPECT_EQ(mode_of(folder_ / "a"), mode);
        EXPECT_EQ(read_file(folder_ / "a"), "new");
        fs::remove(folder_ / "a");
    }
    const auto before = ::umask(027);
    write_file(folder_ / "b", "new");
    ::umask(before);
    EXPECT_EQ(mode_of(folder_ / "b"), 0640U) << "a new file has what the umask leaves";
}

TEST_F(Files, a_link_that_leads_nowhere_is_written_through_or_refused_and_stays_a_link) {
    fs::create_symlink("real", folder_ / "link");
    fs::create_symlink("link", folder_ / "second");
    write_file(folder_ / "second", "new");
    EXPECT_TRUE(fs::is_symlink(folder_ / "link") && fs::is_symlink(folder_ / "second"));
    EXPECT_EQ(read_file(folder_ / "real"), "new");
    fs::create_symlink("absent/disk/file", folder_ / "lost");
    EXPECT_NE(refusal([&] { write_file(folder_ / "lost", "new"); }).find("folder that is not there"), std::string::npos);
    EXPECT_TRUE(fs::is_symlink(folder_ / "lost"));
    fs::create_symlink("round", folder_ / "round");
    EXPECT_NE(refusal([&] { write_file(folder_ / "round", "new"); }).find("symbolic links"), std::string::npos);
    EXPECT_NE(refusal([&] { static_cast<void>(read_file(folder_ / "round")); }).find("symbolic links"), std::string::npos);
}

TEST_F(Files, what_a_killed_writer_left_is_removed_by_the_next_one_and_what_a_living_one_writes_is_not) {
    const auto target = folder_ / "a";
    AtomicFile living(target);
    living.stream() << "living" << std::flush;
    ASSERT_EQ(entries(), 1U);
    const auto other = fs::directory_iterator(folder_)->path();
    // Two processes: this one sweeps once.
    const auto left = folder_ / ".a.0123456789abcdef.tmp", folder = folder_ / ".a.fedcba9876543210.tmp", foreign = folder_ / ".a.0123.tmp";
    for (const auto& file : {left, folder / "x", foreign}) {
        fs::create_directories(file.parent_path());
        std::ofstream(file) << "left";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        write_file(folder_ / "." / "a", "child");  // another spelling, which this process has not swept for
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(fs::exists(left) || fs::exists(folder));
    EXPECT_TRUE(fs::exists(other) && fs::exists(foreign));
    living.commit();
    EXPECT_EQ(read_file(target), "living");
}

TEST_F(Files, temporary_names_cannot_be_foretold_and_follow_no_link) {
    std::set<std::string> names;
    for (int k = 0; k < 10; ++k) {
        AtomicFile file(folder_ / "a");
        names.insert(fs::directory_iterator(folder_)->path().filename().string());
    }
    EXPECT_EQ(names.size(), 10U);
    const std::string longest(255, 'n');
    write_file(folder_ / longest, "long");
    EXPECT_EQ(read_file(folder_ / longest), "long");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, an_input_is_refused_as_output_under_every_name) {
    const auto file = folder_ / "in";
    write_file(file, "input");
    fs::create_symlink("in", folder_ / "link");
    fs::create_hard_link(file, folder_ / "twin");
    fs::create_directories(folder_ / "below");
    {
        InputFiles inputs;
        inputs.add(file);
        for (const auto& name :
             {file, folder_ / "link", folder_ / "twin", folder_ / "below" / ".." / "in", fs::path("/dev/fd/../..") / file})
            EXPECT_NE(refusal([&] { write_file(name, "output"); }).find("input"), std::string::npos) << name;
        write_file(folder_ / "out", "output");
        EXPECT_EQ(read_file(file), "input");
    }
    write_file(file, "output");
    EXPECT_EQ(read_file(file), "output") << "once the task is over";
}

TEST_F(Files, of_a_folder_that_is_read_only_what_is_read_is_refused) {
    write_file(folder_ / "data" / "in", "input");
    write_file(folder_ / "data" / "other", "other");
    InputFiles inputs;
    int asked = 0;
    inputs.add_folder([&] {
        ++asked;
        return std::vector<fs::path>{folder_ / "data" / "in"};
    });
    write_file(folder_ / "out", "output");
    EXPECT_EQ(asked, 0);
    write_file(folder_ / "out", "output");
    fs::create_hard_link(folder_ / "data" / "in", folder_ / "twin");
    EXPECT_THROW(write_file(folder_ / "twin", "output"), InputError);
    write_file(folder_ / "data" / "other", "output");
    EXPECT_THROW(write_file(folder_ / "data" / "in", "output"), InputError);
    EXPECT_EQ(read_file(folder_ / "data" / "in"), "input");
    EXPECT_EQ(asked, 1);
}

TEST_F(Files, what_cannot_be_read_or_written_is_told_with_the_reason) {
    const auto reads = [&](const fs::path& path) { return refusal([&] { static_cast<void>(read_file(path)); }); };
    const auto writes = [&](const fs::path& path) { return refusal([&] { write_file(path, "x"); }); };
    write_file(folder_ / "a", "a");
    EXPECT_NE(reads(folder_ / "b").find("No such file"), std::string::npos);
    EXPECT_NE(reads(folder_).find("is a folder"), std::string::npos);
    EXPECT_NE(reads(folder_ / "a" / "b").find("Not a directory"), std::string::npos);
    EXPECT_NE(writes(folder_ / "a" / "b").find("Not a directory"), std::string::npos);
    EXPECT_NE(writes(folder_).find("is a folder"), std::string::npos);
    EXPECT_NE(writes(folder_ / std::string(300, 'x')).find("name too long"), std::string::npos);
    EXPECT_NE(reads("/dev/zero").find("device"), std::string::npos);
}

TEST_F(Files, a_pipe_is_read_to_its_end_and_one_without_a_writer_is_refused) {
    const auto pipe = folder_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const std::string long_text(300'000, 'x');
    std::thread writer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        std::ofstream(pipe) << long_text;
    });
    EXPECT_EQ(read_file(pipe), long_text);
    writer.join();
    EXPECT_NE(refusal([&] { require_file(pipe); }).find("pipe"), std::string::npos);
    EXPECT_NE(refusal([&] { static_cast<void>(open_input(pipe)); }).find("nothing writes"), std::string::npos);
    EXPECT_EQ(read_file("/dev/null"), "");
}

// Where standard output goes to a file, an output of its name is written into that file and not in its place.
TEST_F(Files, a_standard_stream_is_written_through) {
    const auto path = folder_ / "all.txt";
    std::ofstream(path) << "before\n";
    struct stat before = {}, after = {};
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    const int kept = ::dup(1), file = ::open(path.c_str(), O_WRONLY | O_APPEND);
    std::fflush(stdout);
    ::dup2(file, 1);
    write_file(path, "content\n");
    ::dup2(kept, 1);
    ::close(kept);
    ::close(file);
    ASSERT_EQ(::stat(path.c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_EQ(read_file(path), "before\ncontent\n");
    write_file(path, "alone\n");
    EXPECT_EQ(read_file(path), "alone\n");
}

}  // namespace
}  // namespace alkali::base::files_tests
