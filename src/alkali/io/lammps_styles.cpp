#include "alkali/io/lammps_styles.hpp"

#include <algorithm>
#include <array>

#include "alkali/io/text.hpp"

namespace alkali::io {
namespace {

constexpr std::array<LammpsStyle, 12> styles{{{"atomic", 1, 2, 5},
                                              {"charge", 1, 3, 6},
                                              {"molecular", 2, 3, 6},
                                              {"full", 2, 4, 7},
                                              {"bond", 2, 3, 6},
                                              {"angle", 2, 3, 6},
                                              {"dipole", 1, 3, 9},
                                              {"electron", 1, 5, 8},
                                              {"ellipsoid", 1, 4, 7},
                                              {"sphere", 1, 4, 7},
                                              {"spin", 1, 2, 9},
                                              {"hybrid", 1, 2, 0}}};
constexpr std::array<std::string_view, 19> unread{"amoeba",   "body", "bpm/sphere", "dielectric",   "dpd",  "edpd", "line",
                                                  "mdpd",     "peri", "rheo",       "rheo/thermal", "smd",  "sph",  "tdpd",
                                                  "template", "tri",  "wavepacket", "apip",         "oxdna"};

// Written as a whole number, as LAMMPS wants ids, types and image numbers.
bool whole(std::string_view word) { return parse_integer(word).has_value(); }

struct Types {
    long long count;
    const std::set<std::string, std::less<>>& labels;
    [[nodiscard]] bool has(std::string_view word) const {
        if (labels.contains(word)) return true;
        const auto number = parse_integer(word);
        return number && *number >= 1 && (count == 0 || *number <= count);
    }
};

bool fits(const LammpsStyle& style, const std::vector<std::string_view>& words, const Types& types) {
    if (!style.fits(words.size()) || !whole(words[0]) || !types.has(words[style.type])) return false;
    if (style.type == 2 && !whole(words[1])) return false;  // the molecule
    for (std::size_t k = style.type + 1; k < style.columns; ++k)
        if (!parse_double(words[k])) return false;
    for (std::size_t k = style.columns; k < words.size(); ++k)
        if (!whole(words[k])) return false;
    return true;
}

}  // namespace

std::vector<std::string> lammps_style_names() {
    std::vector<std::string> names;
    for (const auto& style : styles) names.emplace_back(style.name);
    return names;
}

std::optional<LammpsStyle> lammps_style(std::string_view name) {
    for (const auto& style : styles)
        if (style.name == name) return style;
    return std::nullopt;
}

bool is_lammps_style(std::string_view name) {
    return lammps_style(name).has_value() || std::find(unread.begin(), unread.end(), name) != unread.end();
}

std::vector<LammpsStyle> fitting_styles(std::span<const std::string> atoms, long long type_count,
                                        const std::set<std::string, std::less<>>& labels) {
    std::vector<LammpsStyle> fitting;
    for (const char* name : {"atomic", "charge", "molecular", "full"}) {
        const auto style = *lammps_style(name);
        std::vector<std::string_view> words;
        if (std::all_of(atoms.begin(), atoms.end(), [&](const std::string& line) {
                split(line, words);
                return fits(style, words, {type_count, labels});
            }))
            fitting.push_back(style);
    }
    return fitting;
}

}  // namespace alkali::io
