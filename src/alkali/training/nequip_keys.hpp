#pragma once
#include "alkali/training/translation.hpp"

/// The keys of nequip's training configs, block by block, and what becomes of each.
namespace alkali::training::nequip_keys {

// Of 0.7 and later.
[[nodiscard]] const KeyRules& data_rules();
[[nodiscard]] const KeyRules& dataset_rules();
[[nodiscard]] const KeyRules& split_rules();
[[nodiscard]] const KeyRules& loader_rules();
/// Null for those of which no key changes anything here.
[[nodiscard]] const KeyRules* transform_rules(std::string_view name);
[[nodiscard]] const KeyRules& trainer_rules();
[[nodiscard]] const KeyRules& early_stopping_rules();
[[nodiscard]] const KeyRules& module_rules();
[[nodiscard]] const KeyRules& lr_scheduler_rules();
/// Null for those that alkali does not have.
[[nodiscard]] const KeyRules* scheduler_rules(std::string_view name);
/// The fields that a loss may weigh.
[[nodiscard]] const KeyRules& field_rules();
/// Of a field that is not taken as it is.
[[nodiscard]] const KeyRules& modifier_rules();
[[nodiscard]] const KeyRules& pair_potential_rules();
[[nodiscard]] const KeyRules& model_rules();
// Of 0.6 and earlier.
[[nodiscard]] const KeyRules& flat_rules();

}  // namespace alkali::training::nequip_keys
