#pragma once
#include <filesystem>

#include "alkali/base/log.hpp"
#include "alkali/config/tree.hpp"

namespace alkali::training {

/// Whether a document is a training input in DeePMD-kit's words (blocks learning_rate, loss, training.training_data or
/// training.systems) rather than a config of alkali, which has a block data.
[[nodiscard]] bool is_deepmd_input(const config::Tree& document);

/// The config of alkali that a DeePMD-kit input of version 1 to 3 asks for, with DeePMD-kit's defaults. Paths become relative
/// to `file`'s folder. Keys without effect here are listed once in the log.
/// Errors: InputError that names every key that is unknown or asks for something that alkali does not have.
[[nodiscard]] config::Tree from_deepmd_input(const config::Tree& document, const std::filesystem::path& file, base::LogSink& log);

/// The document of a training config: YAML or JSON, alkali's, DeePMD-kit's or nequip's. Errors: FileError; those above.
[[nodiscard]] config::Tree read_training_document(const std::filesystem::path& file, base::LogSink& log);

}  // namespace alkali::training
