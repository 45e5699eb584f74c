#pragma once
#include <set>
#include <string>
#include <vector>

namespace alkali::io {

/// Atomic numbers in the order of a file's types: that of `type_names` if given, else ascending.
/// Errors: InputError for a species that is not among the names.
[[nodiscard]] std::vector<int> type_order(const std::set<int>& species, const std::vector<std::string>& type_names);

}  // namespace alkali::io
