#include "alkali/base/nearest.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace alkali::base {
namespace {
/// Names beyond are no slips of typing, and would be compared for long.
constexpr std::size_t longest_name = 256;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the table of distances between beginnings: a swap looks back two.
    const std::size_t columns = b.size() + 1;
    std::vector<std::size_t> above(columns), row(columns), before(columns);
    for (std::size_t j = 0; j < columns; ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before, above);
        std::swap(above, row);
        row[0] = i;
        for (std::size_t j = 1; j < columns; ++j) {
            const std::size_t cost = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known, std::size_t count) {
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const auto& candidate : known) {
        const std::size_t longer = std::max(name.size(), candidate.size()), shorter = std::min(name.size(), candidate.size());
        const std::size_t farthest = std::max<std::size_t>(2, longer / 2);
        if (longer > longest_name || longer - shorter > farthest) continue;  // each letter more is an edit
        const std::size_t distance = edit_distance(name, candidate);
        if (distance <= farthest) ranked.emplace_back(distance, candidate);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i) names.push_back(ranked[i].second);
    return names;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> known, std::size_t count) {
    const auto names = nearest(name, known, count);
    if (names.empty()) return {};
    std::string text = "did you mean " + names[0];
    for (std::size_t i = 1; i < names.size(); ++i) text += (i + 1 == names.size() ? " or " : ", ") + names[i];
    return text + "?";
}

}  // namespace alkali::base
