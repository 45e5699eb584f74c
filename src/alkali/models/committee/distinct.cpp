#include "alkali/models/committee/distinct.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "alkali/base/error.hpp"
#include "alkali/models/common/model_file.hpp"

namespace alkali::models {
namespace {

/// What a model computes follows from these, but for the precision it computes in.
nlohmann::json architecture_of(const TrainableModel& model) {
    auto hyperparameters = model.hyperparameters();
    for (const char* key : {"model_dtype", "spline_intervals", "table_intervals"}) hyperparameters.erase(key);
    return hyperparameters;
}

}  // namespace

void require_distinct_files(std::span<const std::string> files) {
    for (std::size_t k = 0; k < files.size(); ++k)
        for (std::size_t earlier = 0; earlier < k; ++earlier)
            if (std::error_code none; std::filesystem::equivalent(files[k], files[earlier], none))
                throw InputError("is the same file as " + files[earlier] + ": a committee of one model twice has error bars of zero",
                                 files[k], "name models that were trained from different seeds (alkali train --committee N)");
}

bool same_model(const TrainableModel& a, const TrainableModel& b) {
    return a.kind() == b.kind() && std::ranges::equal(a.parameters(), b.parameters()) && architecture_of(a) == architecture_of(b);
}

void warn_of_copies(std::span<const std::shared_ptr<TrainableModel>> models, std::span<const std::string> names, base::LogSink& log) {
    for (std::size_t k = 0; k < models.size(); ++k)
        for (std::size_t earlier = 0; earlier < k; ++earlier) {
            if (!same_model(*models[k], *models[earlier])) continue;
            log.warning(
                fmt::format("{}: is the same model as {}: its error bars are too small, and zero for copies of one model alone; "
                            "name models that were trained from different seeds",
                            names[k], names[earlier]));
            break;
        }
}

void require_distinct_models(std::span<const std::filesystem::path> files, const KindRegistry& kinds) {
    std::vector<std::shared_ptr<TrainableModel>> models;
    for (const auto& file : files) {
        models.push_back(load_model(file, kinds).model);
        for (std::size_t earlier = 0; earlier + 1 < models.size(); ++earlier)
            if (same_model(*models.back(), *models[earlier]))
                throw InputError("is the same model as " + files[earlier].string() + ": nothing in this training depends on its seed",
                                 file.string(),
                                 "leave out training.init_from, make training.batch_size smaller than the number of frames, or the "
                                 "learning rate larger");
    }
}

}  // namespace alkali::models
