#pragma once
#include <optional>

#include "alkali/config/tree.hpp"

namespace alkali::config {

/// What a scalar without quotes says as a number: finite, with or without a sign; nothing if it is none.
[[nodiscard]] std::optional<double> number_of(const Tree& tree);

}  // namespace alkali::config
