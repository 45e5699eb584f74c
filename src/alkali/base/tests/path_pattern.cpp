#include "alkali/base/path_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "alkali/base/error.hpp"

namespace alkali::base::path_pattern_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PathPatterns : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("alkali_patterns_" + std::to_string(::getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_ / "sets");
        for (const char* name : {"b.extxyz", "a.extxyz", "c.xyz", ".hidden.extxyz", "a[1].extxyz", "a1.extxyz"})
            std::ofstream(folder_ / "sets" / name) << "1\n";
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] std::vector<std::string> names(const std::string& pattern) const {
        std::vector<std::string> all;
        for (const auto& path : matching_paths(folder_ / pattern)) all.push_back(path.filename().string());
        return all;
    }
    fs::path folder_;
};

TEST_F(PathPatterns, give_what_matches_sorted_and_once) {
    EXPECT_THAT(names("sets/[ab].extxyz"), ElementsAre("a.extxyz", "b.extxyz"));
    EXPECT_THAT(names("sets/?.x*"), ElementsAre("c.xyz"));
    EXPECT_THAT(names("se*/{c.xyz,a.extxyz,a*.extxyz,missing}"), ElementsAre("a.extxyz", "a1.extxyz", "a[1].extxyz", "c.xyz"));
}

TEST_F(PathPatterns, give_way_to_a_file_of_that_very_name) {
    EXPECT_THAT(names("sets/a[1].extxyz"), ElementsAre("a[1].extxyz"));
    fs::remove(folder_ / "sets" / "a[1].extxyz");
    EXPECT_THAT(names("sets/a[1].extxyz"), ElementsAre("a1.extxyz"));
}

TEST_F(PathPatterns, that_nothing_matches_are_named) {
    try {
        static_cast<void>(names("sets/*.dump"));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), HasSubstr("sets/*.dump"));
        EXPECT_THAT(error.what(), HasSubstr("nothing matches"));
    }
}

TEST_F(PathPatterns, begin_with_the_home_folder_at_a_tilde) {
    const std::string before = std::getenv("HOME") ? std::getenv("HOME") : "";
    ::setenv("HOME", folder_.c_str(), 1);
    EXPECT_THAT(matching_paths(fs::path("~/sets/c.xyz")), ElementsAre(folder_ / "sets" / "c.xyz"));
    EXPECT_THAT(matching_paths(fs::path("~/sets/b.*")), ElementsAre(folder_ / "sets" / "b.extxyz"));
    EXPECT_THROW(static_cast<void>(matching_paths(fs::path("~/sets/none.xyz"))), FileError);
    ::setenv("HOME", before.c_str(), 1);
}

TEST_F(PathPatterns, of_one_file_must_match_one) {
    EXPECT_EQ(matching_path(folder_ / "sets/c.*"), folder_ / "sets" / "c.xyz");
    EXPECT_THROW(static_cast<void>(matching_path(folder_ / "sets/*.extxyz")), FileError);
}

TEST_F(PathPatterns, leave_a_plain_name_as_it_is_though_it_is_not_there) {
    EXPECT_THAT(matching_paths(fs::path("no/such/file")), ElementsAre("no/such/file"));
}

}  // namespace
}  // namespace alkali::base::path_pattern_tests
