#pragma once
#include "alkali/models/tests/conformance.hpp"

namespace alkali::models::deep_potential::testing {

/// Every descriptor in every precision on every instruction set of this processor.
[[nodiscard]] std::vector<models::testing::Subject> deep_potential_subjects();

}  // namespace alkali::models::deep_potential::testing
