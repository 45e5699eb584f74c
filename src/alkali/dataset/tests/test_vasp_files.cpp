#include "alkali/dataset/vasp_files.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "alkali/base/files.hpp"
#include "alkali/dataset/files.hpp"
#include "alkali/io/compression.hpp"

namespace alkali::dataset::vasp_files_tests {
namespace {

namespace fs = std::filesystem;

const std::string step = "</calculation>", end = "</modeling>";

class VaspFiles : public ::testing::Test {
protected:
    VaspFiles()
        : folder_(fs::path(::testing::TempDir()) /
                  (std::string("alkali_vasp_files_") + ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    ~VaspFiles() override { fs::remove_all(folder_); }

    [[nodiscard]] Extent plain(const std::string& text) const {
        base::write_file(folder_ / "vasprun.xml", text);
        return extent_of_vasprun(folder_ / "vasprun.xml");
    }
    [[nodiscard]] Extent compressed(const std::string& text) const {
        std::istringstream content(text);
        io::write_compressed(content, folder_ / "vasprun.xml.gz", io::Compression::gzip);
        return extent_of_vasprun(folder_ / "vasprun.xml.gz");
    }

    fs::path folder_;
};

// Files are read in pieces of a mebibyte, from the end or, where compressed, from the begin.
TEST_F(VaspFiles, marks_are_found_wherever_pieces_part) {
    constexpr std::size_t piece = 1 << 20;
    for (const std::size_t filling : {std::size_t{0}, piece - 7, piece, piece + 3}) {
        const std::string dots(filling, '.');
        const auto expect = [&](const std::string& text, Extent extent) {
            EXPECT_EQ(plain(text), extent) << filling;
            EXPECT_EQ(compressed(text), extent) << filling;
        };
        expect(dots, Extent::nothing);
        expect(dots + step + dots, Extent::steps);
        expect(step + dots + end, Extent::whole);
        expect(dots + end + dots, Extent::whole);
        expect(dots + end + dots + step, Extent::steps);  // another run follows and is not over
        expect(step + end + dots + step + dots + end + "\n", Extent::whole);
    }
}

TEST_F(VaspFiles, of_a_damaged_or_unreadable_file_are_not_whole) {
    ASSERT_EQ(compressed(step + end), Extent::whole);
    const auto file = folder_ / "vasprun.xml.gz";
    fs::resize_file(file, fs::file_size(file) - 1);
    EXPECT_NE(extent_of_vasprun(file), Extent::whole);
    EXPECT_EQ(extent_of_vasprun(folder_ / "none.xml"), Extent::nothing);
    EXPECT_EQ(plain("BZh" + step + end), Extent::nothing);  // compressed by bzip2
}

/// Bytes this process has read so far.
std::uintmax_t bytes_read() {
    std::ifstream io("/proc/self/io");
    std::string name;
    std::uintmax_t count = 0;
    while (io >> name >> count)
        if (name == "rchar:") return count;
    return 0;
}

TEST_F(VaspFiles, of_a_run_are_judged_by_their_end_alone) {
    const auto file = folder_ / "OUTCAR";
    base::write_file(file, "free  energy");
    fs::resize_file(file, 64 << 20);
    std::ofstream(file, std::ios::app) << "General timing and accounting";
    const auto before = bytes_read();
    ASSERT_GT(before, 0U);
    EXPECT_EQ(extent_of_outcar(file), Extent::whole);
    EXPECT_LT(bytes_read() - before, 2U << 20);  // a piece, and what the stream reads ahead
}

TEST_F(VaspFiles, an_OUTCAR_beside_a_whole_vasprun_is_not_looked_into) {
    base::write_file(folder_ / "vasprun.xml", step + end);
    base::write_file(folder_ / "OUTCAR", std::string(8 << 20, '.'));
    const auto before = bytes_read();
    EXPECT_EQ(files_of(folder_).at(0).filename(), "vasprun.xml");
    EXPECT_LT(bytes_read() - before, 2U << 20);
}

}  // namespace
}  // namespace alkali::dataset::vasp_files_tests
