#include "alkali/models/common/hyperparameter_json.hpp"

#include <algorithm>

#include "alkali/base/nearest.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models {

void refuse_unknown_keys(const nlohmann::json& json, const std::vector<std::string>& known, const std::string& what,
                         const std::string& block) {
    for (const auto& [key, unused] : json.items())
        if (std::find(known.begin(), known.end(), key) == known.end())
            throw InputError("is no hyperparameter of " + what, block + "." + key, base::did_you_mean(key, known));
}

std::vector<std::string> read_type_names(const nlohmann::json& json) {
    std::vector<std::string> names;
    read_key(json, "type_names", names);
    require(!names.empty(), "type_names", "is missing; give the chemical symbols, such as [Li]");
    for (const auto& name : names) require(units::is_symbol(name), "type_names", "'" + name + "' is not a chemical symbol");
    for (auto name = names.begin(); name != names.end(); ++name)
        require(std::find(names.begin(), name, *name) == name, "type_names", "has '" + *name + "' twice");
    return names;
}

}  // namespace alkali::models
