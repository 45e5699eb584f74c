#include "alkali/base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "alkali/base/error.hpp"

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

}  // namespace
}  // namespace alkali::base::files_tests
