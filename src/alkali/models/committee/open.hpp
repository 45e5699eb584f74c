#pragma once
#include <memory>
#include <string>

#include "alkali/calculator/registry.hpp"
#include "alkali/models/common/registry.hpp"

namespace alkali::models {

/// A model file as a calculator; several, separated by commas, as a committee.
/// Errors: those of load_model() and Committee; InputError for an unknown precision.
[[nodiscard]] std::unique_ptr<calculator::Calculator> open_model_files(const std::string& files, const calculator::OpenOptions& options,
                                                                       const KindRegistry& kinds);

}  // namespace alkali::models
