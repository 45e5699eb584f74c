#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/npy.hpp"

namespace alkali::io {
namespace {

std::string with_dictionary(const std::string& dictionary) {
    std::string header("\x93NUMPY\x01\x00", 8);
    header += static_cast<char>(dictionary.size() & 0xff);
    header += static_cast<char>(dictionary.size() >> 8);
    return header + dictionary;
}

TEST(Npy, a_written_header_reads_back_and_is_aligned) {
    for (const std::vector<std::size_t>& shape : std::vector<std::vector<std::size_t>>{{7}, {2, 3}, {10, 4, 5}}) {
        const auto text = npy_header(shape);
        std::uint64_t bytes = 8;
        for (const auto length : shape) bytes *= length;
        const auto header = parse_npy_header(text, text.size() + bytes, "x");
        EXPECT_EQ(header.shape, shape);
        EXPECT_EQ(header.data_offset % 64, 0u);
        EXPECT_EQ(header.width, 8u);
    }
}

TEST(Npy, malformed_headers_are_errors) {
    const auto fails = [](const std::string& text, std::uint64_t data) {
        EXPECT_THROW(static_cast<void>(parse_npy_header(text, text.size() + data, "x.npy")), FileError) << text;
    };
    fails("", 0);
    fails("\x93NUMPY", 0);
    fails(with_dictionary("{}"), 0);
    fails(with_dictionary("{'descr': '>f8', 'fortran_order': False, 'shape': (1,), }"), 8);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }"), 32);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }"), 31);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"), 32);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), 8);
    fails(with_dictionary("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), 8);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': 1, }"), 8);
}

TEST(Npy, single_precision_rows_are_read_one_by_one) {
    const auto path = std::filesystem::path(testing::TempDir()) / "alkali_npy" / "a.npy";
    const float values[6] = {1, 2, 3, 4, 5, 6.5F};
    base::write_file(path, with_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") +
                               std::string(reinterpret_cast<const char*>(values), sizeof values));
    NpyRows rows(path.string());
    EXPECT_EQ(rows.rows(), 2u);
    EXPECT_EQ(rows.row(1)[2], 6.5);
    EXPECT_EQ(rows.row(0)[0], 1.0);
    EXPECT_THROW(static_cast<void>(rows.row(2)), FileError);
    std::filesystem::remove_all(path.parent_path());
}

}  // namespace
}  // namespace alkali::io
