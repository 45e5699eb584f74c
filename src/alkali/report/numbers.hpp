#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace alkali::report {

/// A list of numbers of a record: neither true and false nor texts are any. Errors: InputError naming `what`.
[[nodiscard]] std::vector<double> numbers_of(const nlohmann::json& list, const std::string& what);
/// The same, of whole numbers from 0 below `end`.
[[nodiscard]] std::vector<std::size_t> indices_of(const nlohmann::json& list, std::size_t end, const std::string& what);

}  // namespace alkali::report
