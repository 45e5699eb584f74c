#pragma once
#include <span>

#include "alkali/models/contract/model.hpp"

namespace alkali::models {

/// Before a model is made. table_bytes: what its tables take, with what they are made from. Errors: InputError for an array or a model
/// that is larger than this machine can hold.
void require_affordable(std::span<const ParameterInfo> layout, double table_bytes);

}  // namespace alkali::models
