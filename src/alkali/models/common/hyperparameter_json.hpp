#pragma once
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "alkali/base/error.hpp"

/// Reading hyperparameters from JSON with errors that name the key.
namespace alkali::models {

/// A value in a message, shortened.
[[nodiscard]] std::string shown(const nlohmann::json& json);

/// A whole number that T holds; JSON's own conversion would cut others short without a word.
template <class T>
[[nodiscard]] bool fits(const nlohmann::json& json) {
    if constexpr (std::is_same_v<T, bool>) {
        return json.is_boolean();
    } else if constexpr (std::is_integral_v<T>) {
        if (json.is_number_unsigned()) return std::in_range<T>(json.get<std::uint64_t>());
        return json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
    } else if constexpr (std::is_floating_point_v<T>) {
        return json.is_number();
    } else {
        return true;
    }
}
template <class T>
[[nodiscard]] bool holds(const nlohmann::json& json, const T*) {
    return fits<T>(json);
}
template <class T>
[[nodiscard]] bool holds(const nlohmann::json& json, const std::vector<T>*) {
    return json.is_array() && std::all_of(json.begin(), json.end(), [](const nlohmann::json& each) { return fits<T>(each); });
}

/// Leaves `value` as it is where the key is missing or null. Errors: InputError naming the key for another type.
template <class T>
void read_key(const nlohmann::json& json, const std::string& key, T& value, const std::string& block = "model") {
    if (!json.contains(key) || json[key].is_null()) return;
    try {
        if (!holds(json[key], &value)) throw InputError("has the wrong type: " + shown(json[key]), block + "." + key);
        value = json[key].get<T>();
    } catch (const nlohmann::json::exception&) {
        throw InputError("has the wrong type: " + shown(json[key]), block + "." + key);
    }
}

inline void require(bool good, const std::string& key, const std::string& what, const std::string& block = "model") {
    if (!good) throw InputError(what, block + "." + key);
}

/// An integer between two bounds. Errors: InputError naming the key.
void read_count(const nlohmann::json& json, const std::string& key, int low, int high, int& value, const std::string& block = "model");
/// The same for each of a list.
void read_counts(const nlohmann::json& json, const std::string& key, int low, int high, std::vector<int>& values,
                 const std::string& block = "model");

/// A key that this program does not know may change what a model means: a file of a newer program, or a slip.
/// what: "this program's NequIP".
void refuse_unknown_keys(const nlohmann::json& json, const std::vector<std::string>& known, const std::string& what,
                         const std::string& block = "model");

/// What a model file says must be what the model made of it: no key that is always written may be missing, none may be passed over, and
/// none may be read as something else. understood: the model's own account. exempt: keys that may be missing, or stand there for people
/// alone. Errors: InputError naming the key with its block.
void require_as_understood(const nlohmann::json& given, const nlohmann::json& understood, const std::vector<std::string>& exempt = {},
                           const std::string& block = "model");

/// `type_names`: chemical symbols, at least one, none twice.
[[nodiscard]] std::vector<std::string> read_type_names(const nlohmann::json& json);

}  // namespace alkali::models
