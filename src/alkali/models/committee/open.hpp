#pragma once
#include <memory>
#include <string>
#include <vector>

#include "alkali/calculator/registry.hpp"
#include "alkali/models/common/registry.hpp"

namespace alkali::models {

/// The model files that a text names. On several lines: one on each, whatever its name. Else one, where there is a file of that very
/// name or the text holds no comma, or those between its commas, each as long as there is such a file. Patterns of a shell are
/// followed (base/path_pattern.hpp).
/// Errors: FileError for a part that names no file.
[[nodiscard]] std::vector<std::string> model_files_of(const std::string& text);

/// A model file as a calculator; several, as model_files_of() finds them, as a committee. Tables inside a model are refined until they are
/// within their bounds (Tabulation); a warning says where that cannot be had.
/// Errors: those of load_model() and Committee; InputError for an unknown precision, and for a file that is named twice. A warning names
/// members that are copies of others.
[[nodiscard]] std::unique_ptr<calculator::Calculator> open_model_files(const std::string& files, const calculator::OpenOptions& options,
                                                                       const KindRegistry& kinds, base::LogSink& log);

}  // namespace alkali::models
