#pragma once
#include "alkali/models/tests/conformance.hpp"

namespace alkali::models::nequip::testing {

/// Several hyperparameter sets in every precision on every instruction set of this processor.
[[nodiscard]] std::vector<models::testing::Subject> nequip_subjects();

}  // namespace alkali::models::nequip::testing
