#include "alkali/io/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/text.hpp"

namespace alkali::io {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes of little-endian files are taken as they are");
constexpr std::string_view magic{"\x93NUMPY", 6};
constexpr std::size_t longest_header = 65536;

// The text after 'key': in the header's dictionary, up to the end of the value.
std::string_view value_of(std::string_view dictionary, std::string_view key, const std::string& where) {
    const auto quoted = fmt::format("'{}'", key);
    auto at = dictionary.find(quoted);
    if (at == std::string_view::npos)
        throw FileError(fmt::format("the header has no {}", quoted), where, "the file is damaged or not a .npy file");
    at += quoted.size();
    while (at < dictionary.size() && (dictionary[at] == ':' || dictionary[at] == ' ')) ++at;
    auto end = dictionary.find_first_of(dictionary.substr(at, 1) == "(" ? ")" : ",}", at);
    if (end == std::string_view::npos) end = dictionary.size();
    return trim(dictionary.substr(at, end - at));
}

// '<f8' and kin: order of bytes, kind, width; | where a number is one byte.
void parse_type(std::string_view text, NpyHeader& header, const std::string& where) {
    const bool formed = text.size() == 5 && text.front() == '\'' && text.back() == '\'';
    const std::string_view order = "<>=|", kind = formed ? text.substr(2, 2) : "";
    static constexpr std::array<std::string_view, 10> known{"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"};
    if (!formed || order.find(text[1]) == std::string_view::npos || std::find(known.begin(), known.end(), kind) == known.end())
        throw FileError(fmt::format("numbers of type {} are not supported", text.substr(0, 40)), where,
                        "save the array as float64, float32 or whole numbers");
    header.kind = kind[0];
    header.width = static_cast<std::size_t>(kind[1] - '0');
    header.big_endian = text[1] == '>';
}

void parse_shape(std::string_view text, NpyHeader& header, const std::string& where) {
    std::string digits;
    const auto finish = [&] {
        if (digits.empty()) return;
        const auto length = parse_integer(digits);
        if (!length || *length < 0) throw FileError(fmt::format("the shape {} is malformed", text.substr(0, 40)), where);
        header.shape.push_back(static_cast<std::size_t>(*length));
        digits.clear();
    };
    if (text.empty() || text[0] != '(') throw FileError(fmt::format("the shape {} is malformed", text.substr(0, 40)), where);
    for (const char c : text.substr(1)) {
        if (c == ',')
            finish();
        else if (c != ' ')
            digits += c;
    }
    finish();
    if (header.shape.size() > 32) throw FileError("the shape has too many dimensions", where);
}

bool parse_order(std::string_view text, const std::string& where) {
    if (text != "True" && text != "False")
        throw FileError(fmt::format("fortran_order is {}, neither True nor False", text.substr(0, 40)), where, "save the array again");
    return text == "True";
}

// Numbers whose first index runs fastest, so that the last does.
std::vector<double> in_c_order(const std::vector<std::size_t>& shape, std::span<const double> given) {
    std::vector<double> ordered(given.size());
    std::vector<std::size_t> index(shape.size(), 0);
    for (const double value : given) {
        std::size_t place = 0;
        for (std::size_t k = 0; k < shape.size(); ++k) place = place * shape[k] + index[k];
        ordered[place] = value;
        for (std::size_t k = 0; k < shape.size() && ++index[k] == shape[k]; ++k) index[k] = 0;
    }
    return ordered;
}

// Product of the shape times the width, or nothing when it exceeds `limit`.
bool fits(const NpyHeader& header, std::uint64_t bytes) {
    std::uint64_t count = header.width;
    for (const auto length : header.shape) {
        if (length != 0 && count > bytes / length) return false;
        count *= length;
    }
    return count == bytes;
}

}  // namespace

std::size_t NpyHeader::row_size() const {
    std::size_t size = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) size *= shape[i];
    return size;
}

NpyHeader parse_npy_header(std::string_view begin, std::uint64_t file_size, const std::string& where) {
    static constexpr const char* damaged = "the file is truncated, damaged or not a .npy file";
    if (begin.size() < 10 || begin.substr(0, 6) != magic) throw FileError("does not begin like a .npy file", where, damaged);
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(begin[i])); };
    const std::size_t version = byte(6);
    if (version < 1 || version > 3) throw FileError(fmt::format("unknown .npy version {}", version), where, damaged);
    const std::size_t prefix = version == 1 ? 10 : 12;
    if (begin.size() < prefix) throw FileError("the header is truncated", where, damaged);
    std::size_t length = byte(8) + 256 * byte(9);
    if (version > 1) length += 65536 * byte(10) + 16777216 * byte(11);
    if (length > longest_header || prefix + length > begin.size()) throw FileError("the header is truncated", where, damaged);
    const auto dictionary = begin.substr(prefix, length);
    NpyHeader header;
    header.data_offset = prefix + length;
    parse_type(value_of(dictionary, "descr", where), header, where);
    parse_shape(value_of(dictionary, "shape", where), header, where);
    header.fortran = parse_order(value_of(dictionary, "fortran_order", where), where) && header.shape.size() > 1;
    if (!fits(header, file_size - header.data_offset))
        throw FileError(fmt::format("holds {} bytes of numbers, which do not fit its shape", file_size - header.data_offset), where,
                        damaged);
    return header;
}

std::string npy_header(const std::vector<std::size_t>& shape) {
    std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
    for (const auto length : shape) text += fmt::format("{}, ", length);
    text += "), }";
    const std::size_t unpadded = 10 + text.size() + 1;
    text.append((64 - unpadded % 64) % 64, ' ');
    text += '\n';
    std::string header(magic);
    header += '\x01';
    header += '\0';
    header += static_cast<char>(text.size() & 0xff);
    header += static_cast<char>(text.size() >> 8);
    return header + text;
}

void decode_npy(const NpyHeader& header, std::span<const char> bytes, std::vector<double>& values) {
    values.resize(bytes.size() / header.width);
    const auto decode = [&]<class T>(T) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            std::array<char, sizeof(T)> of;
            std::copy_n(bytes.data() + i * sizeof(T), sizeof(T), of.begin());
            if (header.big_endian) std::reverse(of.begin(), of.end());
            values[i] = static_cast<double>(std::bit_cast<T>(of));
        }
    };
    const auto by_width = [&]<class One, class Two, class Four, class Eight>(One one, Two two, Four four, Eight eight) {
        if (header.width == 1) decode(one);
        if (header.width == 2) decode(two);
        if (header.width == 4) decode(four);
        if (header.width == 8) decode(eight);
    };
    if (header.kind == 'f')
        header.width == 8 ? decode(double{}) : decode(float{});
    else if (header.kind == 'i')
        by_width(std::int8_t{}, std::int16_t{}, std::int32_t{}, std::int64_t{});
    else
        by_width(std::uint8_t{}, std::uint16_t{}, std::uint32_t{}, std::uint64_t{});
}

NpyRows::NpyRows(const std::string& path) : path_(path) {
    base::require_file(path);
    stream_.open(path, std::ios::binary);
    if (!stream_) throw FileError("cannot be read", path, "check that the file exists");
    std::string begin(longest_header + 12, '\0');
    stream_.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    begin.resize(static_cast<std::size_t>(stream_.gcount()));
    stream_.clear();
    header_ = parse_npy_header(begin, std::filesystem::file_size(path), path);
    rows_ = header_.rows();
    row_size_ = header_.row_size();
    if (!header_.fortran) return;
    const auto given = numbers(0, rows_ * row_size_);
    all_ = in_c_order(header_.shape, given);
}

void NpyRows::reshape(std::size_t rows) {
    const std::size_t count = rows_ * row_size_;
    if (rows == 0 || count % rows != 0) throw InternalError(fmt::format("{} numbers are not {} rows", count, rows), path_);
    rows_ = rows;
    row_size_ = count / rows;
}

std::span<const double> NpyRows::row(std::size_t index) {
    if (index >= rows()) throw FileError(fmt::format("has {} rows, row {} is asked for", rows(), index), path_);
    if (header_.fortran) return std::span<const double>(all_).subspan(index * row_size_, row_size_);
    return numbers(index * row_size_, row_size_);
}

std::span<const double> NpyRows::numbers(std::size_t first, std::size_t count) {
    bytes_.resize(count * header_.width);
    stream_.seekg(static_cast<std::streamoff>(header_.data_offset + first * header_.width));
    stream_.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    if (!stream_) throw FileError(fmt::format("ends before number {}", first + count), path_, "the file is truncated");
    decode_npy(header_, bytes_, values_);
    return values_;
}

}  // namespace alkali::io
