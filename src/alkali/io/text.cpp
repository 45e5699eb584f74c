#include "alkali/io/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/io/uncertainties.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

constexpr std::size_t longest_line = std::size_t{64} << 20;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Where Fortran leaves out the E, before the sign of three digits that end the number ("0.5-101"); npos: it does not.
std::size_t short_exponent(std::string_view number) {
    if (number.size() < 6) return std::string_view::npos;
    const auto sign = number.size() - 4;
    const bool exponent = (number[sign] == '-' || number[sign] == '+') && (is_digit(number[sign - 1]) || number[sign - 1] == '.') &&
                          std::all_of(number.begin() + static_cast<std::ptrdiff_t>(sign) + 1, number.end(), is_digit);
    return exponent && number.substr(0, sign).find('.') != std::string_view::npos ? sign : std::string_view::npos;
}

/// What from_chars makes of a whole word. It leaves numbers too small for a double unset; they are zero for us.
std::optional<double> judged(double value, std::errc failure, std::string_view word) {
    if (failure == std::errc()) return value;
    const auto exponent = word.find_first_of("eE");
    const bool small = failure == std::errc::result_out_of_range && exponent != std::string_view::npos && word[exponent + 1] == '-';
    return small ? std::optional(0.0) : std::nullopt;
}

/// A number as Fortran spells it: 1D-5, 0.5-101.
std::optional<double> fortran_number(std::string_view word) {
    std::string respelled(word);
    if (const auto exponent = word.find_first_of("dD"); exponent != std::string_view::npos && exponent > 0)
        respelled[exponent] = 'e';
    else if (const auto sign = short_exponent(word); sign != std::string_view::npos)
        respelled.insert(sign, 1, 'e');
    else
        return std::nullopt;
    double value = 0;
    const char* end = respelled.data() + respelled.size();
    const auto [stop, failure] = std::from_chars(respelled.data(), end, value);
    return stop == end ? judged(value, failure, respelled) : std::nullopt;
}

/// Appends the number of a word, or the numbers that touch in it: "0.250100.000" has three decimals in each. False if
/// it is neither.
bool add_numbers(std::string_view word, std::vector<double>& numbers) {
    const auto first = word.find('.'), last = word.rfind('.');
    if (first == last) {
        const auto value = parse_double(word);
        if (value) numbers.push_back(*value);
        return value.has_value();
    }
    const std::size_t decimals = word.size() - last - 1;
    std::vector<double> parts;
    while (!word.empty()) {
        const auto end = std::min(word.size(), word.find('.') + 1 + decimals);
        const auto value = parse_double(word.substr(0, end));
        if (!value) return false;
        parts.push_back(*value);
        word.remove_prefix(end);
        if (!word.empty() && (std::isdigit(static_cast<unsigned char>(word[0])) == 0 || word.find('.') == std::string_view::npos))
            return false;
    }
    numbers.insert(numbers.end(), parts.begin(), parts.end());
    return true;
}

/// A blank before the sign of each number that touches the one before; not before that of its exponent.
std::string with_blanks(std::string_view word) {
    std::string spaced;
    std::size_t begin = 0;  // of the number
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] == '-' && i > 0 && (is_digit(word[i - 1]) || word[i - 1] == '.')) {
            const auto behind = i + 4;
            const bool exponent = behind <= word.size() && short_exponent(word.substr(begin, behind - begin)) == i - begin &&
                                  (behind == word.size() || word[behind] == '-');
            if (!exponent) {
                spaced += ' ';
                begin = i;
            }
        }
        spaced += word[i];
    }
    return spaced;
}

void check_positions(const Frame& frame, const Place& place) {
    for (std::size_t i = 0; i < frame.structure.size(); ++i)
        if (!frame.structure.positions[i].allFinite())
            place.fail(fmt::format("the position of atom {} is not a finite number", i + 1), "repair or remove the frame");
}

void check_labels(const structure::Labels& labels, const Place& place) {
    static constexpr const char* hint = "repair or remove the frame; `alkali data check` lists all such frames";
    if (labels.energy && !std::isfinite(*labels.energy)) place.fail("the energy is not a finite number", hint);
    if (labels.stress && !labels.stress->allFinite()) place.fail("the stress has a number that is not finite", hint);
    if (labels.forces)
        for (std::size_t i = 0; i < labels.forces->size(); ++i)
            if (!(*labels.forces)[i].allFinite()) place.fail(fmt::format("the force on atom {} is not a finite number", i + 1), hint);
    if (labels.energies)
        for (std::size_t i = 0; i < labels.energies->size(); ++i)
            if (!std::isfinite((*labels.energies)[i])) place.fail(fmt::format("the energy of atom {} is not a finite number", i + 1), hint);
}

}  // namespace

bool Lines::next(std::string& line) {
    // Piece by piece: a compressed file of a few kilobytes can hold a line of gigabytes.
    line.clear();
    std::array<char, 4096> piece;
    for (;;) {
        stream_.getline(piece.data(), piece.size());
        const auto count = static_cast<std::size_t>(stream_.gcount());
        const bool more = stream_.fail() && count + 1 == piece.size();
        if (stream_.fail() && !more) {
            if (line.empty()) return false;
            break;
        }
        line.append(piece.data(), more || stream_.eof() ? count : count - 1);  // without the end of the line, which is counted
        if (!more) break;
        if (line.size() > longest_line)
            throw FileError(fmt::format("line {} is longer than {} MB", number_ + 1, longest_line >> 20), {}, "is it a text file?");
        stream_.clear();
    }
    ++number_;
    if (number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // byte order mark of UTF-8
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

void split(std::string_view text, std::vector<std::string_view>& words) {
    words.clear();
    std::size_t at = 0;
    while (at < text.size()) {
        while (at < text.size() && is_space(text[at])) ++at;
        const std::size_t begin = at;
        while (at < text.size() && !is_space(text[at])) ++at;
        if (at > begin) words.push_back(text.substr(begin, at - begin));
    }
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    split(text, words);
    return words;
}

std::optional<double> parse_double(std::string_view word) {
    if (!word.empty() && word.front() == '+') {
        word.remove_prefix(1);
        if (!word.empty() && word.front() == '-') return std::nullopt;
    }
    double value = 0;
    const char* end = word.data() + word.size();
    const auto [stop, failure] = std::from_chars(word.data(), end, value);
    if (failure == std::errc() && stop == end) return value;
    return stop == end ? judged(value, failure, word) : fortran_number(word);
}

std::optional<long long> parse_integer(std::string_view word) {
    if (!word.empty() && word.front() == '+') word.remove_prefix(1);
    long long value = 0;
    const auto [stop, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure != std::errc() || stop != word.data() + word.size() || word.empty()) return std::nullopt;
    return value;
}

std::vector<double> fixed_columns(std::string_view text) {
    std::vector<double> numbers;
    for (const auto word : split(text)) {
        if (const auto value = parse_double(word)) {
            numbers.push_back(*value);
            continue;
        }
        const auto spaced = with_blanks(word);
        for (const auto part : split(spaced))
            if (!add_numbers(part, numbers)) return numbers;
    }
    return numbers;
}

bool matches(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) {
        if (pattern.size() != text.size()) return false;
        for (std::size_t i = 0; i < text.size(); ++i)
            if (lower(pattern[i]) != lower(text[i])) return false;
        return true;
    }
    if (text.size() < star || !matches(pattern.substr(0, star), text.substr(0, star))) return false;
    for (std::size_t skip = star; skip <= text.size(); ++skip)
        if (matches(pattern.substr(star + 1), text.substr(skip))) return true;
    return false;
}

void Place::fail(const std::string& what, const std::string& hint) const { throw FileError(what, where(), hint); }

Vec3 parse_vector(const std::vector<std::string_view>& words, std::size_t first, const Place& place, std::string_view what) {
    Vec3 vector;
    for (std::size_t c = 0; c < 3; ++c) {
        if (first + c >= words.size()) place.fail(fmt::format("{} has fewer than three numbers", what));
        const auto value = parse_double(words[first + c]);
        if (!value) place.fail(fmt::format("'{}' in {} is not a number", words[first + c], what));
        vector[static_cast<Eigen::Index>(c)] = *value;
    }
    return vector;
}

structure::Cell make_cell(const Mat3& vectors, const std::array<bool, 3>& periodic, const Place& place) {
    try {
        return structure::Cell(vectors, periodic);
    } catch (const InputError& error) {
        throw FileError(error.fault(), place.where(), error.hint());
    }
}

int element(std::string_view symbol, const Place& place) {
    if (!units::is_symbol(symbol)) place.fail(fmt::format("'{}' is not a chemical symbol", symbol), "use symbols such as Li");
    return units::atomic_number(symbol);
}

int element_of_type(long long type, const std::vector<std::string>& type_names, const Place& place) {
    if (type_names.empty())
        place.fail("the atoms have type numbers only", "give the chemical symbols of the types (type_names, --type-names)");
    if (type < 1 || type > static_cast<long long>(type_names.size()))
        place.fail(fmt::format("type {} has no name among the {} given", type, type_names.size()),
                   "give the chemical symbol of each type (type_names, --type-names)");
    return element(type_names[static_cast<std::size_t>(type - 1)], place);
}

void check_frame(const Frame& frame, Numbers numbers, const Place& place) {
    const auto atoms = frame.structure.size();
    if (atoms == 0) place.fail("the frame has no atoms");
    if (frame.structure.positions.size() != atoms)
        place.fail(fmt::format("{} species but {} positions", atoms, frame.structure.positions.size()));
    if (frame.labels.forces && frame.labels.forces->size() != atoms)
        place.fail(fmt::format("{} atoms but {} forces", atoms, frame.labels.forces->size()));
    check_positions(frame, place);
    if (numbers != Numbers::finite) return;
    check_labels(frame.labels, place);
    if (const auto what = not_finite_uncertainty(frame); !what.empty()) place.fail("the " + what, "repair it, or remove it from the frame");
}

}  // namespace alkali::io
