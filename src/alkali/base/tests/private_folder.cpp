#include "alkali/base/private_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alkali/base/files.hpp"

namespace alkali::base::private_folder_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uid_t somebody = 65534;

unsigned mode_of(const fs::path& path) {
    struct stat state {};
    return ::lstat(path.c_str(), &state) == 0 ? state.st_mode & 07777 : 0;
}

template <class Action>
std::string refusal(const Action& action) {
    try {
        static_cast<void>(action());
    } catch (const UnsafeFolder& error) {
        return error.what();
    }
    return "no refusal";
}

class PrivateFolder : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "alkali_private_XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = fs::canonical(name);
    }
    void TearDown() override { fs::remove_all(folder_); }

    /// A folder in which everybody may write, as /dev/shm is.
    [[nodiscard]] fs::path shared() const {
        const auto path = folder_ / "shared";
        fs::create_directories(path);
        ::chmod(path.c_str(), 01777);
        return path;
    }
    /// With something in it that must not get lost.
    [[nodiscard]] fs::path victim() const {
        write_file(folder_ / "victim" / "thesis", "three years");
        return folder_ / "victim";
    }

    fs::path folder_;
};

TEST_F(PrivateFolder, is_made_for_this_user_alone_whatever_the_umask_and_taken_again) {
    const auto before = ::umask(0);
    const auto path = private_folder(shared() / "above" / "mine");
    ::umask(before);
    EXPECT_EQ(path, folder_ / "shared" / "above" / "mine");
    EXPECT_EQ(mode_of(path), 0700U);
    EXPECT_EQ(mode_of(path.parent_path()), 0700U);
    EXPECT_EQ(private_folder(path), path);
}

TEST_F(PrivateFolder, takes_away_what_others_may_read_but_refuses_where_they_may_have_written) {
    const auto path = shared() / "mine";
    fs::create_directory(path);
    ::chmod(path.c_str(), 0755);
    EXPECT_EQ(private_folder(path), path);
    EXPECT_EQ(mode_of(path), 0700U);
    for (const unsigned mode : {0777U, 0775U, 01777U}) {
        ::chmod(path.c_str(), mode);
        EXPECT_THAT(refusal([&] { return private_folder(path); }), AllOf(HasSubstr("others may write"), HasSubstr(path.string())));
    }
}

TEST_F(PrivateFolder, follows_no_planted_link_and_leaves_alone_what_it_leads_to) {
    const auto path = shared() / "mine";
    fs::create_directory_symlink(victim(), path);
    EXPECT_THAT(refusal([&] { return private_folder(path); }), AllOf(HasSubstr("is a link"), HasSubstr(path.string())));
    EXPECT_THAT(refusal([&] { return private_folder(path / "below"); }), HasSubstr("is a link"));
    EXPECT_THAT(refusal([&] { return safe_folder(path); }), HasSubstr("is a link"));
    EXPECT_THAT(refusal([&] { return TemporaryFolder(path, "x").path(); }), HasSubstr("is a link"));
    EXPECT_TRUE(fs::exists(folder_ / "victim" / "thesis"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "victim"), {}), 1);
    fs::remove(path);
    fs::create_symlink(folder_ / "nowhere", path);
    EXPECT_THAT(refusal([&] { return private_folder(path); }), HasSubstr("is a link"));
    EXPECT_FALSE(fs::exists(folder_ / "nowhere"));
}

TEST_F(PrivateFolder, links_that_only_the_administrator_can_have_made_are_followed) {
    if (!fs::is_symlink("/var/run")) GTEST_SKIP() << "there is none here";
    EXPECT_EQ(safe_folder("/var/run"), fs::canonical("/var/run"));
}

TEST_F(PrivateFolder, of_another_user_is_refused_itself_and_above) {
    if (::geteuid() != 0) GTEST_SKIP() << "giving files away needs to be root";
    const auto path = shared() / "theirs";
    fs::create_directory(path);
    ASSERT_EQ(::chown(path.c_str(), somebody, somebody), 0);
    EXPECT_THAT(refusal([&] { return private_folder(path); }), HasSubstr("belongs to another user"));
    EXPECT_THAT(refusal([&] { return private_folder(path / "below"); }), HasSubstr("belongs to another user"));
    EXPECT_THAT(refusal([&] { return safe_folder(path); }), HasSubstr("belongs to another user"));
    EXPECT_TRUE(fs::is_empty(path));
    EXPECT_FALSE(is_own_folder(path));
}

TEST_F(PrivateFolder, below_one_that_everybody_may_change_is_refused) {
    const auto open = folder_ / "open";
    fs::create_directory(open);
    ::chmod(open.c_str(), 0777);
    EXPECT_THAT(refusal([&] { return private_folder(open / "mine"); }), AllOf(HasSubstr("everybody may exchange"), HasSubstr("chmod +t")));
    EXPECT_TRUE(fs::is_empty(open));
}

TEST_F(PrivateFolder, a_file_in_its_place_is_named) {
    write_file(folder_ / "file", "x");
    EXPECT_THROW(static_cast<void>(private_folder(folder_ / "file")), FileError);
    EXPECT_EQ(read_file(folder_ / "file"), "x");
}

TEST_F(PrivateFolder, own_files_are_plain_ones_that_not_everybody_may_change) {
    const auto file = folder_ / "file", link = folder_ / "link";
    write_file(file, "x");
    fs::create_symlink(file, link);
    EXPECT_TRUE(is_own_file(file));
    EXPECT_FALSE(is_own_file(link));
    EXPECT_FALSE(is_own_file(folder_));
    EXPECT_FALSE(is_own_file(folder_ / "none"));
    ::chmod(file.c_str(), 0666);
    EXPECT_FALSE(is_own_file(file));
    ::chmod(file.c_str(), 0644);
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(file.c_str(), somebody, somebody), 0);
    EXPECT_FALSE(is_own_file(file));
}

TEST_F(PrivateFolder, emptied_it_loses_links_and_not_what_they_lead_to) {
    const auto path = private_folder(folder_ / "mine");
    write_file(path / "deep" / "file", "x");
    fs::create_directory_symlink(victim(), path / "link");
    empty_folder(path);
    EXPECT_TRUE(fs::is_empty(path));
    EXPECT_TRUE(fs::exists(folder_ / "victim" / "thesis"));
}

TEST_F(PrivateFolder, temporary_ones_differ_and_go_away) {
    fs::path first, second;
    {
        const TemporaryFolder a(shared(), "x-"), b(shared(), "x-");
        first = a.path();
        second = b.path();
        EXPECT_NE(first, second);
        EXPECT_EQ(mode_of(first), 0700U);
        write_file(first / "file", "x");
    }
    EXPECT_FALSE(fs::exists(first));
    EXPECT_FALSE(fs::exists(second));
}

}  // namespace
}  // namespace alkali::base::private_folder_tests
