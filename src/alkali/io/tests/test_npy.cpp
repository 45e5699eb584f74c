#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/npy.hpp"

namespace alkali::io::npy_tests {
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
    fails(with_dictionary("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }"), 2);
    fails(with_dictionary("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"), 8);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }"), 31);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }"), 31);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"), 32);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), 8);
    fails(with_dictionary("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), 8);
    fails(with_dictionary("{'descr': '<f8', 'fortran_order': False, 'shape': 1, }"), 8);
}

class NpyFile : public ::testing::Test {
protected:
    void TearDown() override { std::filesystem::remove_all(path_.parent_path()); }
    template <class T>
    NpyRows rows(const std::string& descr, bool fortran, const std::string& shape, const std::vector<T>& values) const {
        std::string bytes(reinterpret_cast<const char*>(values.data()), sizeof(T) * values.size());
        if (descr[0] == '>')
            for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
                std::reverse(bytes.begin() + static_cast<long>(i), bytes.begin() + static_cast<long>(i + sizeof(T)));
        base::write_file(path_, with_dictionary("{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
                                                ", 'shape': " + shape + ", }") +
                                    bytes);
        return NpyRows(path_.string());
    }
    static std::vector<double> row(NpyRows& rows, std::size_t index) {
        const auto numbers = rows.row(index);
        return {numbers.begin(), numbers.end()};
    }
    const std::filesystem::path path_ = std::filesystem::path(::testing::TempDir()) /
                                        ("alkali_npy_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())) /
                                        "a.npy";
};

TEST_F(NpyFile, numbers_of_every_kind_and_order_of_bytes_are_read) {
    const std::vector<double> expected{3, -4.5};
    auto f8 = rows<double>(">f8", false, "(2, 2)", {1, 2, 3, -4.5});
    EXPECT_EQ(row(f8, 1), expected);
    auto f4 = rows<float>(">f4", false, "(2, 2)", {1, 2, 3, -4.5F});
    EXPECT_EQ(row(f4, 1), expected);
    auto i1 = rows<std::int8_t>("|i1", false, "(1, 2)", {7, -3});
    EXPECT_EQ(row(i1, 0), (std::vector<double>{7, -3}));
    auto u2 = rows<std::uint16_t>(">u2", false, "(2,)", {65535, 1});
    EXPECT_EQ(row(u2, 0), (std::vector<double>{65535}));
    auto i4 = rows<std::int32_t>(">i4", false, "(2,)", {-70000, 1});
    EXPECT_EQ(row(i4, 0), (std::vector<double>{-70000}));
    auto u8 = rows<std::uint64_t>("<u8", false, "()", {5});
    EXPECT_EQ(row(u8, 0), (std::vector<double>{5}));
}

TEST_F(NpyFile, arrays_in_fortran_order_have_the_rows_of_their_shape) {
    // (2, 3): a[i][j] = 10 i + j, the first index fastest.
    auto two = rows<double>("<f8", true, "(2, 3)", {0, 10, 1, 11, 2, 12});
    EXPECT_EQ(two.rows(), 2U);
    EXPECT_EQ(row(two, 1), (std::vector<double>{10, 11, 12}));
    EXPECT_EQ(row(two, 0), (std::vector<double>{0, 1, 2}));
    // (2, 1, 2) in big-endian single precision.
    auto three = rows<float>(">f4", true, "(2, 1, 2)", {0, 10, 1, 11});
    EXPECT_EQ(row(three, 1), (std::vector<double>{10, 11}));
}

TEST(Npy, single_precision_rows_are_read_one_by_one) {
    const auto path = std::filesystem::path(::testing::TempDir()) / "alkali_npy" / "a.npy";
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

TEST(Npy, the_order_of_an_array_is_read_however_its_header_is_spaced) {
    const auto order = [](const std::string& dictionary) {
        const auto text = with_dictionary(dictionary);
        return parse_npy_header(text, text.size() + 32, "x.npy").fortran;
    };
    EXPECT_TRUE(order("{'descr': '<f8' , 'fortran_order': True , 'shape': (2, 2)}"));
    EXPECT_TRUE(order("{'descr': '<f8', 'shape': (2, 2), 'fortran_order':True}   \n"));
    EXPECT_FALSE(order("{'descr': '<f8', 'shape': (2, 2), 'fortran_order': False }"));
    EXPECT_THROW(static_cast<void>(order("{'descr': '<f8', 'fortran_order': 1, 'shape': (2, 2)}")), FileError);
    EXPECT_THROW(static_cast<void>(order("{'descr': '<f8', 'fortran_order': Truely, 'shape': (2, 2)}")), FileError);
}

}  // namespace
}  // namespace alkali::io::npy_tests
