#include "alkali/io/vasp_outcar_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "alkali/io/vasp_species.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// VASP prints so many numbers of ions in a line, each in so many columns, and some versions drop the rest.
constexpr std::size_t counts_in_line = 10;
constexpr std::size_t count_width = 4;
// The bound keeps a damaged number from asking for all memory.
constexpr long long most_ions = 10'000'000;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The part of a line behind a mark such as "VRHFIN" and an equals sign or colon; nothing if the line has no such mark.
std::optional<std::string> behind(std::string_view line, std::string_view mark) {
    const auto text = trim(line);
    if (!text.starts_with(mark)) return std::nullopt;
    const auto rest = trim(text.substr(mark.size()));
    if (!rest.starts_with('=') && !rest.starts_with(':')) return std::nullopt;
    return std::string(trim(rest.substr(1)));
}

/// Numbers of a line by words; -1 for what is no number.
std::vector<long long> by_words(std::string_view text) {
    std::vector<long long> numbers;
    for (const auto word : split(text)) numbers.push_back(parse_integer(word).value_or(-1));
    return numbers;
}

/// Numbers of a line by columns, which touch where a number fills its own.
std::vector<long long> by_columns(std::string_view text) {
    text = trim(text);
    std::vector<long long> numbers;
    while (!text.empty()) {
        const auto width = std::min(count_width, text.size());
        numbers.push_back(parse_integer(trim(text.substr(text.size() - width))).value_or(-1));
        text.remove_suffix(width);
    }
    std::reverse(numbers.begin(), numbers.end());
    return numbers;
}

bool sound(const std::vector<long long>& counts) {
    return std::all_of(counts.begin(), counts.end(), [](long long n) { return n >= 0 && n <= most_ions; });
}

long long sum(const std::vector<long long>& counts) { return std::accumulate(counts.begin(), counts.end(), 0LL); }

}  // namespace

std::optional<long long> setting(std::string_view line, std::string_view key) {
    for (auto at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
        if (at > 0 && is_word(line[at - 1])) continue;
        auto rest = trim(line.substr(at + key.size()));
        if (!rest.starts_with('=')) continue;
        rest = trim(rest.substr(1));
        std::size_t end = rest.starts_with('-') ? 1 : 0;
        while (end < rest.size() && std::isdigit(static_cast<unsigned char>(rest[end])) != 0) ++end;
        return parse_integer(rest.substr(0, end));
    }
    return std::nullopt;
}

// The line of the version; behind a run that was cut off within a line it follows in that line.
bool OutcarHead::begins_at(std::string_view line) {
    const auto at = line.find("vasp.");
    if (at == std::string_view::npos) return false;
    return at == 0 || (at == 1 && line[0] == ' ') || (line[at - 1] == ' ' && line.find("(build", at) != std::string_view::npos);
}

bool OutcarHead::take(std::string_view line) {
    if (counting_) {
        const auto more = by_words(line);
        counting_ = !more.empty() && sound(more);
        if (counting_) count_lines_.emplace_back(line);
        if (counting_) return true;
    }
    const auto begin = [&] {
        if (!count_lines_.empty()) *this = OutcarHead{};  // another run, without a line of its version
    };
    if (auto name = behind(line, "VRHFIN")) {
        begin();
        vrhfin_.emplace_back(trim(std::string_view(*name).substr(0, name->find(':'))));
    } else if (auto title = behind(line, "TITEL")) {
        begin();
        titles_.push_back(*title);
    } else if (auto potcar = behind(line, "POTCAR")) {
        begin();
        potcar_.push_back(*potcar);
    } else if (auto counts = behind(line, "ions per type")) {
        if (!numbers_.empty()) return true;
        count_lines_.push_back(*counts);
        counting_ = true;
    } else if (const auto ions = setting(line, "NIONS"); ions && count_lines_.empty()) {
        ions_ = ions;
    } else {
        const auto steps = setting(line, "NELM"), kind = setting(line, "ISIF"), start = setting(line, "ICHARG");
        if (steps) electronic_steps = steps;
        if (kind) stress_kind = kind;
        if (start) charge_start = start;
        const auto at = line.find("SCALEE");
        const auto scale = at == std::string_view::npos ? std::nullopt : behind(line.substr(at), "SCALEE");
        if (scale) coupling = parse_double(std::string_view(*scale).substr(0, scale->find(' '))).value_or(coupling);
        return steps || kind || start || scale.has_value();
    }
    return true;
}

const std::vector<int>& OutcarHead::numbers(const std::vector<std::string>& type_names, const Place& place) {
    if (!numbers_.empty()) return numbers_;
    if (count_lines_.empty()) place.fail("no 'ions per type' before the first positions");
    const auto each = counts(place);
    const auto kinds = elements(each.size(), type_names, place);
    for (std::size_t kind = 0; kind < each.size(); ++kind) numbers_.insert(numbers_.end(), each[kind], kinds[kind]);
    return numbers_;
}

std::size_t OutcarHead::known_kinds() const { return std::max(vrhfin_.size(), titles_.size()); }

std::vector<std::size_t> OutcarHead::counts(const Place& place) const {
    std::vector<long long> counts, columns;
    for (const auto& line : count_lines_) {
        for (const auto count : by_words(line)) counts.push_back(count);
        for (const auto count : by_columns(line)) columns.push_back(count);
    }
    if (ions_ && (!sound(counts) || sum(counts) != *ions_) && sound(columns) && sum(columns) == *ions_) counts = columns;
    if (counts.empty() || !sound(counts)) place.fail(fmt::format("'{}' ions per type", trim(count_lines_.back())));
    if (ions_ && sum(counts) < *ions_ && counts.size() % counts_in_line == 0 && known_kinds() == counts.size() + 1)
        counts.push_back(*ions_ - sum(counts));
    if (sum(counts) > most_ions || (ions_ && sum(counts) != *ions_))
        place.fail(fmt::format("the ions per type add up to {}, NIONS is {}", sum(counts), ions_.value_or(0)),
                   counts.size() % counts_in_line == 0 ? "VASP printed the first ten types only: read vasprun.xml instead" : "");
    return {counts.begin(), counts.end()};
}

std::vector<std::string> OutcarHead::potcar_names(std::size_t kinds) const {
    std::vector<std::string> names;
    for (const auto& title : potcar_) names.emplace_back(element_of_title(title));
    // The list stands once or twice, and in between the first name may be said again.
    const bool once_more = names.size() > kinds && names.size() % kinds != 0;
    if (names.size() < kinds || (names.size() - (once_more ? 1 : 0)) % kinds != 0) return {};
    for (std::size_t i = 0; i < kinds; ++i)
        if (names[i].empty() || names[i] != names[names.size() - kinds + i]) return {};
    names.resize(kinds);
    return names;
}

std::vector<int> OutcarHead::elements(std::size_t kinds, const std::vector<std::string>& type_names, const Place& place) const {
    std::vector<std::string> names;
    if (vrhfin_.size() >= kinds)
        names = vrhfin_;
    else if (titles_.size() >= kinds)
        for (const auto& title : titles_) names.emplace_back(element_of_title(title));
    else if (vrhfin_.empty() && titles_.empty())
        names = potcar_names(kinds);
    if (names.empty()) names = type_names;
    if (names.size() < kinds)
        place.fail(fmt::format("{} types of ions but {} elements (VRHFIN, TITEL, POTCAR)", kinds, names.size()),
                   "give the chemical symbols of the types (--type-names)");
    std::vector<int> elements;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        elements.push_back(vasp_element(names[kind], place));
        if (vrhfin_.size() != kinds || titles_.size() != kinds) continue;
        if (const auto title = element_of_title(titles_[kind]); !title.empty() && units::atomic_number(title) != elements.back())
            place.fail(fmt::format("type {} is {} by VRHFIN and {} by TITEL", kind + 1, names[kind], title), "repair the file");
    }
    return elements;
}

}  // namespace alkali::io
