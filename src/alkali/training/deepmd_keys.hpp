#pragma once
#include "alkali/training/translation.hpp"

/// The keys of a DeePMD-kit input, block by block, and what becomes of each.
namespace alkali::training::deepmd_keys {

[[nodiscard]] const KeyRules& top_rules();
[[nodiscard]] const KeyRules& model_rules();
[[nodiscard]] const KeyRules& descriptor_rules();
[[nodiscard]] const KeyRules& fitting_rules();
[[nodiscard]] const KeyRules& rate_rules();
[[nodiscard]] const KeyRules& loss_rules();
[[nodiscard]] const KeyRules& optimizer_rules();
[[nodiscard]] const KeyRules& training_rules();
[[nodiscard]] const KeyRules& train_data_rules();
[[nodiscard]] const KeyRules& validation_data_rules();

}  // namespace alkali::training::deepmd_keys
