#pragma once
#include <memory>
#include <string>

#include "alkali/calculator/registry.hpp"
#include "alkali/models/common/registry.hpp"

namespace alkali::models {

/// A model file as a calculator; several, separated by commas, as a committee. Tables inside a model are refined until they are
/// within their bounds (Tabulation); a warning says where that cannot be had.
/// Errors: those of load_model() and Committee; InputError for an unknown precision.
[[nodiscard]] std::unique_ptr<calculator::Calculator> open_model_files(const std::string& files, const calculator::OpenOptions& options,
                                                                       const KindRegistry& kinds, base::LogSink& log);

}  // namespace alkali::models
