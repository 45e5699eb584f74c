#pragma once
#include <filesystem>

#include "alkali/base/log.hpp"
#include "alkali/config/tree.hpp"

namespace alkali::training {

/// Whether a document is a training config of nequip: of 0.7 and later (blocks run, data, trainer, training_module) or of 0.6 and
/// earlier (one flat list of keys).
[[nodiscard]] bool is_nequip_config(const config::Tree& document);

/// The config of alkali that a training config of nequip asks for, with nequip's defaults: model, data, loss, optimiser,
/// schedule, average, transforms. Interpolations ${...} are replaced first. Paths are looked for beside `file`, then where the
/// program runs. What has no effect here and what differs is said in the log.
/// Errors: InputError that names every key that is unknown or asks for something that alkali does not have.
[[nodiscard]] config::Tree from_nequip_config(const config::Tree& document, const std::filesystem::path& file, base::LogSink& log);

}  // namespace alkali::training
