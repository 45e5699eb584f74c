#pragma once
#include "alkali/training/translation.hpp"

/// The keys of nequip's training configs, block by block, and what becomes of each.
namespace alkali::training::nequip_keys {

// Of 0.7 and later.
[[nodiscard]] const KeyRules& data_rules();
[[nodiscard]] const KeyRules& dataset_rules();
[[nodiscard]] const KeyRules& loader_rules();
[[nodiscard]] const KeyRules& trainer_rules();
[[nodiscard]] const KeyRules& module_rules();
[[nodiscard]] const KeyRules& model_rules();
// Of 0.6 and earlier.
[[nodiscard]] const KeyRules& flat_rules();

}  // namespace alkali::training::nequip_keys
