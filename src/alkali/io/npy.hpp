#pragma once
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::io {

/// What the header of a .npy file says (https://numpy.org/neps/nep-0001-npy-format.html).
struct NpyHeader {
    char kind = 'f';          ///< f: floating point, i: integer, u: without sign
    std::size_t width = 8;    ///< bytes per number
    bool big_endian = false;  ///< highest byte first
    bool fortran = false;     ///< first index fastest
    std::vector<std::size_t> shape;
    std::size_t data_offset = 0;  ///< where the numbers begin

    [[nodiscard]] std::size_t rows() const { return shape.empty() ? 1 : shape[0]; }
    /// Numbers in one row (all dimensions but the first).
    [[nodiscard]] std::size_t row_size() const;
};

/// Errors: FileError for a malformed header, other number types than f4, f8 and whole numbers, and when the file's size does not fit.
/// `begin` is the start of the file (as much as
/// there is of the header), `file_size` the size of all of it.
[[nodiscard]] NpyHeader parse_npy_header(std::string_view begin, std::uint64_t file_size, const std::string& where);
/// Header of a C-order array of float64.
[[nodiscard]] std::string npy_header(const std::vector<std::size_t>& shape);

/// Rows of a .npy file, read one at a time: only a row is in memory (all of an array in Fortran order).
class NpyRows {
public:
    /// Errors: FileError as parse_npy_header.
    explicit NpyRows(const std::string& path);
    [[nodiscard]] const NpyHeader& header() const { return header_; }
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t row_size() const { return row_size_; }
    /// The same numbers in their order as another number of rows, which must divide them.
    void reshape(std::size_t rows);
    /// row_size() numbers of a row.
    [[nodiscard]] std::span<const double> row(std::size_t index);

private:
    std::span<const double> numbers(std::size_t first, std::size_t count);

    std::string path_;
    std::ifstream stream_;
    NpyHeader header_;
    std::size_t rows_ = 0, row_size_ = 0;
    std::vector<double> all_;  ///< of an array in Fortran order, in C order
    std::vector<char> bytes_;
    std::vector<double> values_;
};

/// The numbers of bytes in the header's type, in the order in which they stand.
void decode_npy(const NpyHeader& header, std::span<const char> bytes, std::vector<double>& values);

}  // namespace alkali::io
