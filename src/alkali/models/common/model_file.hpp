#pragma once
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "alkali/models/common/force_uncertainty.hpp"
#include "alkali/models/common/registry.hpp"

namespace alkali::models {

inline constexpr int model_format_version = 1;

/// A model as it comes from a file, with what the file says of its origin.
struct LoadedModel {
    std::shared_ptr<TrainableModel> model;
    std::string kind;
    nlohmann::json provenance;                         ///< version, command, data_hash, date, validation figures, ...
    std::optional<ForceUncertainty> uncertainty = {};  ///< if it was calibrated
};

/// Writes one safetensors file, atomically: a tensor per entry of layout() and the metadata `format`, `format_version`,
/// `kind`, `hyperparameters`, `derived`, `species`, `units`, `provenance` (JSON texts); what a calibration adds are tensors
/// `uncertainty.*`, and the metadata `calibration`, a hash of the parameters and of these.
/// Errors: InternalError for parameters that are not finite, or an uncertainty that cannot be used.
void save_model(const std::filesystem::path& path, const TrainableModel& model, const KindRegistry& kinds, const nlohmann::json& provenance,
                const std::optional<ForceUncertainty>& uncertainty = {});
/// The same with other parameters than the model's.
void save_model(const std::filesystem::path& path, const TrainableModel& model, std::span<const double> parameters,
                const KindRegistry& kinds, const nlohmann::json& provenance, const std::optional<ForceUncertainty>& uncertainty = {});

/// Errors: FileError when it is no model file (a model of another program is named as what it is), of another format version, lacks a
/// tensor, holds one too many, one of another shape or one that is not finite, where hyperparameters that are always written are missing or
/// would be passed over, or where species, units or calibration are not those of its model; InputError for an unknown kind. Each names the
/// file. What its header says is compared with the tensors before anything is made of it.
[[nodiscard]] LoadedModel load_model(const std::filesystem::path& path, const KindRegistry& kinds, std::optional<Precision> precision = {});

/// The same of a file's bytes; `where` names their origin.
[[nodiscard]] LoadedModel parse_model(std::string_view bytes, const std::string& where, const KindRegistry& kinds,
                                      std::optional<Precision> precision = {});

}  // namespace alkali::models
