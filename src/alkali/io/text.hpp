#pragma once
#include <array>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/format.hpp"

// What the readers of text files share.
namespace alkali::io {

/// Lines of a stream without their ends (also CR LF) and a leading byte order mark, counted. FileError without a place for a line
/// beyond all measure.
class Lines {
public:
    explicit Lines(std::istream& stream) : stream_(stream) {}
    [[nodiscard]] bool next(std::string& line);
    /// Number of the line read last, from 1.
    [[nodiscard]] std::size_t number() const { return number_; }

private:
    std::istream& stream_;
    std::size_t number_ = 0;
};

[[nodiscard]] std::string_view trim(std::string_view text);
/// Words between white space, into `words` (reused to save allocations). The views live as long as `text`.
void split(std::string_view text, std::vector<std::string_view>& words);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text);
/// A number in full, also nan, inf, a leading + and Fortran's exponent D; nothing if it is anything else.
[[nodiscard]] std::optional<double> parse_double(std::string_view word);
[[nodiscard]] std::optional<long long> parse_integer(std::string_view word);
/// The numbers of a line whose fixed-width columns may touch, such as "1.000-2.000" or "0.250100.000".
[[nodiscard]] std::vector<double> fixed_columns(std::string_view text);
[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
/// True if `text` matches the pattern, in which * stands for anything; ignores case.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

/// Where a reader is: makes the errors that name file and frame.
struct Place {
    std::string source;
    std::size_t frame = 0;
    [[nodiscard]] std::string where() const { return source + ", frame " + std::to_string(frame); }
    [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const;
};

/// The three numbers from words[first]; fails naming `what` otherwise.
[[nodiscard]] Vec3 parse_vector(const std::vector<std::string_view>& words, std::size_t first, const Place& place, std::string_view what);
/// Checks cell and atomic number where they enter; errors name the place.
[[nodiscard]] structure::Cell make_cell(const Mat3& vectors, const std::array<bool, 3>& periodic, const Place& place);
[[nodiscard]] int element(std::string_view symbol, const Place& place);
/// Symbols of numbered types: from the options, else fails with a hint to give them.
[[nodiscard]] int element_of_type(long long type, const std::vector<std::string>& type_names, const Place& place);
/// Every number of the frame finite (labels only where the options say so), sizes equal, at least one atom.
void check_frame(const Frame& frame, Numbers numbers, const Place& place);

}  // namespace alkali::io
