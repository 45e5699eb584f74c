#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"

namespace alkali::io::formats_tests {
namespace {

// Made by formats_markdown(): after a change of the table in formats.cpp, put what this test prints into the guide.
TEST(Formats, the_guides_table_is_that_of_the_program) {
    const auto guide = base::read_file(std::filesystem::path(ALKALI_SOURCE_DIR) / "docs/guide/files.md");
    EXPECT_NE(guide.find(formats_markdown()), std::string::npos) << formats_markdown();
}

TEST(Formats, what_can_be_written_has_a_writer_and_one_that_holds_frames_a_reader) {
    for (const auto& info : formats()) {
        EXPECT_TRUE(info.reads || info.writes) << info.name;
        EXPECT_FALSE(info.patterns.empty()) << info.name;
        EXPECT_EQ(format_info("x", info.name).name, info.name);
        EXPECT_NE(formats_help().find(info.name), std::string::npos);
    }
}

TEST(Formats, a_new_name_without_an_ending_is_a_deepmd_folder) {
    EXPECT_EQ(output_format("some/train_dp"), "deepmd");
    EXPECT_EQ(output_format("train_dp/"), "deepmd");
    EXPECT_EQ(output_format("POSCAR"), "poscar");
    EXPECT_EQ(output_format("x.extxyz.gz"), "extxyz");
    EXPECT_THROW(static_cast<void>(output_format("x.dat")), InputError);
    EXPECT_THROW(static_cast<void>(detect_format("train_dp")), InputError);
}

}  // namespace
}  // namespace alkali::io::formats_tests
