#include "alkali/properties/registry.hpp"

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"

namespace alkali::properties {

Property lattice();
Property equation_of_state();
Property elastic();
Property vacancy();

// One line per property.
std::vector<Property> all_properties() {
    return {
        lattice(),
        equation_of_state(),
        elastic(),
        vacancy(),
    };
}

std::vector<Property> choose_properties(std::span<const std::string> names) {
    std::vector<Property> chosen;
    std::vector<std::string> known;
    for (const auto& property : all_properties()) known.push_back(property.name);
    for (const auto& name : names) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string list;
        for (const auto& k : known) list += (list.empty() ? "" : ", ") + k;
        const std::string nearest = base::did_you_mean(name, known);
        throw InputError("unknown property '" + name + "'", {}, (nearest.empty() ? "" : nearest + " ") + "known are " + list);
    }
    for (auto& property : all_properties())
        if (names.empty() || std::find(names.begin(), names.end(), property.name) != names.end()) chosen.push_back(std::move(property));
    return chosen;
}

config::Options property_options() {
    config::Options options;
    for (auto& property : all_properties()) options.block(property.name, property.help, std::move(property.options));
    return options;
}

}  // namespace alkali::properties
