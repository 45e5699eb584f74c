#pragma once
#include <filesystem>

#include "alkali/base/inputs.hpp"

namespace alkali::dataset {

/// Says that what is read of a path or pattern (files.hpp) is an input: no output takes its place.
void add_inputs(base::InputFiles& inputs, const std::filesystem::path& given);

}  // namespace alkali::dataset
