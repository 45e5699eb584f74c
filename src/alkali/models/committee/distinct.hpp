#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/models/common/registry.hpp"

namespace alkali::models {

/// Members of a committee that are one model do not deviate from each other, and look certain of what they do not know.

/// Errors: InputError naming two of the files that are one, whatever their names (links, other spellings): by device and number.
void require_distinct_files(std::span<const std::string> files);

/// True for models of one kind and architecture with the same parameters.
[[nodiscard]] bool same_model(const TrainableModel& a, const TrainableModel& b);

/// Warns of members that are copies of others. names: of the models.
void warn_of_copies(std::span<const std::shared_ptr<TrainableModel>> models, std::span<const std::string> names, base::LogSink& log);

/// Of a committee that was just trained. Errors: InputError naming two model files whose models are the same; those of load_model().
void require_distinct_models(std::span<const std::filesystem::path> files, const KindRegistry& kinds);

}  // namespace alkali::models
