#include "alkali/models/common/hyperparameter_json.hpp"

#include <algorithm>

#include "alkali/base/nearest.hpp"
#include "alkali/config/json.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models {

std::string shown(const nlohmann::json& json) {
    constexpr std::size_t most = 60;
    const auto text = config::json_text(json);
    return text.size() <= most ? text : text.substr(0, most) + "...";
}

void read_count(const nlohmann::json& json, const std::string& key, int low, int high, int& value, const std::string& block) {
    read_key(json, key, value, block);
    require(value >= low && value <= high, key,
            "is " + std::to_string(value) + ", but must lie between " + std::to_string(low) + " and " + std::to_string(high), block);
}

void read_counts(const nlohmann::json& json, const std::string& key, int low, int high, std::vector<int>& values,
                 const std::string& block) {
    read_key(json, key, values, block);
    for (const int value : values)
        require(
            value >= low && value <= high, key,
            "has " + std::to_string(value) + ", but its numbers must lie between " + std::to_string(low) + " and " + std::to_string(high),
            block);
}

void refuse_unknown_keys(const nlohmann::json& json, const std::vector<std::string>& known, const std::string& what,
                         const std::string& block) {
    for (const auto& [key, unused] : json.items())
        if (std::find(known.begin(), known.end(), key) == known.end())
            throw InputError("is no hyperparameter of " + what, block + "." + key, base::did_you_mean(key, known));
}

void require_as_understood(const nlohmann::json& given, const nlohmann::json& understood, const std::vector<std::string>& exempt,
                           const std::string& block) {
    const auto exempted = [&](const std::string& key) { return std::find(exempt.begin(), exempt.end(), key) != exempt.end(); };
    for (const auto& [key, value] : understood.items()) {
        if (!given.contains(key)) {
            require(exempted(key), key, "is missing, which is always written", block);
        } else if (value.is_object() && given[key].is_object()) {
            require_as_understood(given[key], value, exempt, block + "." + key);
        } else {
            require(given[key] == value, key, "is " + shown(given[key]) + ", which would be read as " + shown(value), block);
        }
    }
    for (const auto& [key, value] : given.items())
        require(understood.contains(key) || exempted(key), key, "is " + shown(value) + ", which would be passed over", block);
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
