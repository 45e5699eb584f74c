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

TEST(Formats, an_element_that_a_file_names_and_the_type_names_lack_is_refused) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "alkali_other_names";
    const std::string structure = "x\n1\n4 0 0\n0 4 0\n0 0 4\nLi\n1\nDirect\n0 0 0\n";
    base::write_file(folder / "a.poscar", structure);
    base::write_file(folder / "a.extxyz", "1\nProperties=species:S:1:pos:R:3\nLi 0 0 0\n");
    for (const char* name : {"a.poscar", "a.extxyz"}) {
        ReadOptions options;
        options.type_names = {"Al"};
        EXPECT_THROW(static_cast<void>(read_frames(folder / name, options)), FileError) << name;
        options.type_names = {"Al", "Li"};
        EXPECT_EQ(read_frames(folder / name, options).at(0).structure.numbers, std::vector<int>{3}) << name;
    }
    std::filesystem::remove_all(folder);
}

// Atoms beyond the vector of an open direction, near each other's images, with any kind of vector.
TEST(Formats, open_directions_span_the_atoms_where_cells_repeat) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "alkali_open_directions";
    for (const Vec3& open : {Vec3(0, 0, 3), Vec3(0, 0, 1), Vec3(0, 0, 5.2), Vec3(1, 0, 4), Vec3(0, 0, 40)}) {
        Frame frame;
        Mat3 vectors = 4 * Mat3::Identity();
        vectors.row(2) = open.transpose();
        frame.structure.cell = structure::Cell(vectors, {true, true, false});
        frame.structure.add(3, Vec3(0, 0, 0.1));
        frame.structure.add(3, Vec3(0, 0, 5.2));
        for (const char* name : {"a.vasp", "a.lmp"}) {
            write_frames(folder / name, std::vector<Frame>{frame});
            const auto back = read_frames(folder / name).at(0).structure;
            const Vec3 bond = back.cell.to_fractional(back.positions[1] - back.positions[0]);
            EXPECT_NEAR((back.positions[1] - back.positions[0]).norm(), 5.1, 1e-12);
            EXPECT_GE((1 - std::abs(bond[2])) * back.cell.heights()[2], 2 - 1e-9) << name << " " << open.transpose();
            if (open[2] == 40) {
                EXPECT_NEAR(back.cell.heights()[2], 40, 1e-12);
            }
        }
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace alkali::io::formats_tests
