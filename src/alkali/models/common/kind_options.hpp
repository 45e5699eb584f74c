#pragma once
#include "alkali/config/options.hpp"

/// Keys of a config's `model` block that every kind has.
namespace alkali::models {

/// `type_names`
void add_type_names(config::Options& options);
/// `per_type_energy_shifts`, as energy_shifts() of statistics.hpp reads it.
void add_energy_shifts(config::Options& options);
/// `model_dtype`
void add_model_dtype(config::Options& options);

}  // namespace alkali::models
