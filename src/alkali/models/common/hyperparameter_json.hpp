#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"

/// Reading hyperparameters from JSON with errors that name the key.
namespace alkali::models {

/// Leaves `value` as it is where the key is missing or null. Errors: InputError naming the key for another type.
template <class T>
void read_key(const nlohmann::json& json, const std::string& key, T& value, const std::string& block = "model") {
    if (!json.contains(key) || json[key].is_null()) return;
    try {
        value = json[key].get<T>();
    } catch (const nlohmann::json::exception&) {
        throw InputError("has the wrong type: " + json[key].dump(), block + "." + key);
    }
}

inline void require(bool good, const std::string& key, const std::string& what, const std::string& block = "model") {
    if (!good) throw InputError(what, block + "." + key);
}

/// A key that this program does not know may change what a model means: a file of a newer program, or a slip.
/// what: "this program's NequIP".
void refuse_unknown_keys(const nlohmann::json& json, const std::vector<std::string>& known, const std::string& what,
                         const std::string& block = "model");

/// `type_names`: chemical symbols, at least one, none twice.
[[nodiscard]] std::vector<std::string> read_type_names(const nlohmann::json& json);

}  // namespace alkali::models
