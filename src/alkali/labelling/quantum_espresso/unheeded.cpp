#include "alkali/labelling/quantum_espresso/unheeded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "alkali/io/label_names.hpp"
#include "alkali/io/text.hpp"
#include "alkali/labelling/quantum_espresso/sampling.hpp"

namespace alkali::labelling::qe {
namespace {

bool is_among(const std::string& name, std::span<const std::string_view> names) {
    return std::ranges::find(names, io::lower_case(name)) != names.end();
}

constexpr std::array<std::string_view, 5> charges{"charge", "total_charge", "tot_charge", "net_charge", "system_charge"};
constexpr std::array<std::string_view, 3> multiplicities{"multiplicity", "spin_multiplicity", "mult"};
constexpr std::array<std::string_view, 14> moments{"spin",
                                                   "spins",
                                                   "total_spin",
                                                   "magmom",
                                                   "magmoms",
                                                   "magmoms_init",
                                                   "initial_magmom",
                                                   "initial_magmoms",
                                                   "init_magmoms",
                                                   "initial_charges",
                                                   "magnetization",
                                                   "tot_magnetization",
                                                   "total_magnetization",
                                                   "total_magmom"};

/// True for a text that is other than this number, or numbers.
bool differs(const std::string& text, double usual) {
    std::string plain = text;
    std::ranges::replace_if(
        plain, [](char c) { return std::string_view("[],{}()").find(c) != std::string_view::npos; }, ' ');
    const auto words = io::split(plain);
    return std::ranges::any_of(words, [&](std::string_view word) { return io::parse_double(word) != usual; });
}

std::string of_mesh(const structure::Frame& frame, const Physics& physics) {
    const auto mesh = frame.info.find("k_mesh"), level = frame.info.find("level");
    if (mesh == frame.info.end() || level == frame.info.end()) return {};
    const auto own = k_mesh(frame.structure, physics);
    const auto words = fmt::format("{} {} {}", own[0], own[1], own[2]);
    if (mesh->second == words) return {};
    if (level->second == physics.level)
        return fmt::format("k_mesh {} of its earlier label is kept, the config alone would give {} (remove k_mesh from the frame for that)",
                           mesh->second, words);
    return fmt::format("k_mesh {} is that of its label at the level '{}' and not taken: {} of the config is", mesh->second, level->second,
                       words);
}

}  // namespace

std::vector<std::string> unheeded(const structure::Frame& frame, const Physics& physics) {
    std::vector<std::string> all;
    if (auto text = of_mesh(frame, physics); !text.empty()) all.push_back(std::move(text));
    for (const auto& [name, value] : frame.info) {
        if (is_among(name, charges) && differs(value, physics.tot_charge))
            all.push_back(fmt::format("{}={} is not heeded: the charge of every cell is tot_charge of the config, {:g}", name, value,
                                      physics.tot_charge));
        if ((is_among(name, moments) && differs(value, 0)) || (is_among(name, multiplicities) && differs(value, 1)))
            all.push_back(fmt::format("{} is not heeded: spins are those of nspin and starting_magnetization of the config", name));
    }
    for (const auto& column : frame.columns)
        if (is_among(column.name, moments) && std::ranges::any_of(column.values, [](double value) { return value != 0; }))
            all.push_back(fmt::format("{} of the atoms is not heeded: spins and charges are those of the config", column.name));
    return all;
}

}  // namespace alkali::labelling::qe
