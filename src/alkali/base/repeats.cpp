#include "alkali/base/repeats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace alkali::base {
namespace {

constexpr std::size_t most_places = 5;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// The text with one sign for every number: 1.5e-7 and -3 alike.
std::string kind_of(const std::string& text) {
    std::string kind;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        if (text[end] == '-' || text[end] == '+') ++end;
        if (end == text.size() || !is_digit(text[end])) {
            kind += text[at++];
            continue;
        }
        for (bool more = true; more;) {
            const bool exponent = end + 1 < text.size() && (text[end] == 'e' || text[end] == 'E') &&
                                  (is_digit(text[end + 1]) ||
                                   (end + 2 < text.size() && (text[end + 1] == '-' || text[end + 1] == '+') && is_digit(text[end + 2])));
            more = end < text.size() && (is_digit(text[end]) || text[end] == '.' || exponent);
            if (more) end += exponent ? 2 : 1;
        }
        kind += '#';
        at = end;
    }
    return kind;
}

/// What a place adds to the one before: "frame 4" behind "a.extxyz, frame 3".
std::string shortened(const std::string& place, const std::string& before) {
    const auto comma = place.rfind(", ");
    if (comma == std::string::npos || before.compare(0, comma + 2, place, 0, comma + 2) != 0) return place;
    return place.substr(comma + 2);
}

}  // namespace

bool Repeats::add(const std::string& place, const std::string& text) {
    const auto [at, is_new] = index_.try_emplace(kind_of(text), kinds_.size());
    if (is_new) kinds_.push_back({text, {}, 0});
    Kind& kind = kinds_[at->second];
    ++kind.times;
    if (kind.places.size() <= most_places && std::find(kind.places.begin(), kind.places.end(), place) == kind.places.end())
        kind.places.push_back(place);
    return is_new;
}

std::string Repeats::text_of(const std::string& message, const std::string& place) {
    return !place.empty() && message.starts_with(place + ": ") ? message.substr(place.size() + 2) : message;
}

std::string Repeats::line_of(const Kind& kind) {
    std::string line = kind.places[0].empty() ? kind.text : kind.places[0] + ": " + kind.text;
    if (kind.times == 1) return line;
    line += fmt::format(" ({} times", kind.times);
    const std::size_t named = std::min(kind.places.size(), most_places);
    for (std::size_t k = 1; k < named; ++k) line += (k == 1 ? ", also in " : ", ") + shortened(kind.places[k], kind.places[k - 1]);
    return line + (kind.places.size() > most_places ? ", ...)" : ")");
}

std::vector<std::string> Repeats::lines(std::size_t most) const {
    std::vector<std::string> all;
    for (const Kind& kind : kinds_) {
        if (most > 0 && all.size() == most) break;
        all.push_back(line_of(kind));
    }
    return all;
}

std::vector<std::string> Repeats::repeated() const {
    std::vector<std::string> all;
    for (const Kind& kind : kinds_)
        if (kind.times > 1) all.push_back(line_of(kind));
    return all;
}

std::size_t Repeats::beyond(std::size_t most) const {
    std::size_t times = 0;
    for (std::size_t k = most; k < kinds_.size(); ++k) times += kinds_[k].times;
    return times;
}

void Repeats::tell(LogSink& log, std::size_t most, std::string_view further) {
    for (const auto& line : lines(most)) log.warning(line);
    if (const auto untold = most > 0 ? beyond(most) : 0; untold > 0)
        log.warning(fmt::format("{} more warnings{}{}", untold, further.empty() ? "" : "; ", further));
    kinds_.clear();
    index_.clear();
}

}  // namespace alkali::base
