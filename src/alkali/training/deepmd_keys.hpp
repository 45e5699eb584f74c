#pragma once
#include <vector>

/// The keys of a DeePMD-kit input, block by block.
namespace alkali::training::deepmd_keys {

/// What becomes of a key.
enum class Fate {
    moved,  ///< to the given place of alkali's config
    without_effect,
    only_neutral,  ///< accepted as null, false, 0 or empty, where it asks for nothing
    read           ///< by the code below
};
struct Rule {
    const char* key;
    Fate fate;
    const char* place = "";
};
using Rules = std::vector<Rule>;

[[nodiscard]] const Rules& top_rules();
[[nodiscard]] const Rules& model_rules();
[[nodiscard]] const Rules& descriptor_rules();
[[nodiscard]] const Rules& fitting_rules();
[[nodiscard]] const Rules& rate_rules();
[[nodiscard]] const Rules& loss_rules();
[[nodiscard]] const Rules& optimizer_rules();
[[nodiscard]] const Rules& training_rules();
[[nodiscard]] const Rules& train_data_rules();
[[nodiscard]] const Rules& validation_data_rules();

}  // namespace alkali::training::deepmd_keys
