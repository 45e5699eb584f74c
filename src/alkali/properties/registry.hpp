#pragma once
#include <span>
#include <vector>

#include "alkali/properties/property.hpp"

namespace alkali::properties {

/// All properties in the order in which they are computed.
[[nodiscard]] std::vector<Property> all_properties();
/// Those named; all of them for no name. Errors: InputError for an unknown name with the nearest and all known ones.
[[nodiscard]] std::vector<Property> choose_properties(std::span<const std::string> names);
/// The options of all properties, a block each.
[[nodiscard]] config::Options property_options();

}  // namespace alkali::properties
