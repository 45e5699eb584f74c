#include "alkali/io/uncertainties.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "alkali/io/text.hpp"

namespace alkali::io {
namespace {

constexpr std::array<std::string_view, 2> of_atoms{"force_std", "devi_f"};
constexpr std::array<std::string_view, 9> of_frames{"energy_std", "stress_std", "devi_e",     "max_devi_f", "min_devi_f",
                                                    "avg_devi_f", "max_devi_v", "min_devi_v", "avg_devi_v"};

bool is_finite_number(std::string_view word) {
    const auto value = parse_double(word);
    return value && std::isfinite(*value);
}

}  // namespace

bool is_uncertainty_of_atoms(std::string_view column) { return std::ranges::find(of_atoms, column) != of_atoms.end(); }
bool is_uncertainty_of_frame(std::string_view key) { return std::ranges::find(of_frames, key) != of_frames.end(); }
bool is_uncertainty(std::string_view name) { return is_uncertainty_of_atoms(name) || is_uncertainty_of_frame(name); }

std::string not_finite_uncertainty(const structure::Frame& frame) {
    for (const auto& column : frame.columns) {
        if (!is_uncertainty_of_atoms(column.name) || column.width == 0) continue;
        if (column.kind == structure::AtomColumn::Kind::text) return fmt::format("{} has a word that is no number", column.name);
        const auto bad = std::ranges::find_if(column.values, [](double value) { return !std::isfinite(value); });
        if (bad != column.values.end()) {
            const auto at = static_cast<std::size_t>(bad - column.values.begin());
            return fmt::format("{} of atom {} is not a finite number", column.name, at / column.width + 1);
        }
    }
    for (const auto name : of_frames)
        if (const auto said = frame.info.find(std::string(name)); said != frame.info.end())
            if (!std::ranges::all_of(split(said->second), is_finite_number)) return fmt::format("{} is not a finite number", name);
    return {};
}

}  // namespace alkali::io
