#pragma once
#include <memory>

#include "alkali/io/deepmd_model.hpp"
#include "alkali/models/deep_potential/model.hpp"

namespace alkali::models::deep_potential {

/// A model of deepmd-kit as this kind's: same energies in float64 to rounding. Errors: FileError naming `source` and the
/// hyperparameter or tensor that does not fit.
[[nodiscard]] std::unique_ptr<DeepPotential> from_deepmd(const io::DeepmdModel& given, const std::string& source);

}  // namespace alkali::models::deep_potential
