#include "alkali/models/committee/open.hpp"

#include <sstream>

#include "alkali/models/committee/committee.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/model_file.hpp"

namespace alkali::models {
namespace {

std::unique_ptr<calculator::Calculator> open_one(const std::string& file, std::optional<Precision> precision, const KindRegistry& kinds) {
    const auto loaded = load_model(file, kinds, precision);
    std::vector<std::pair<std::string, std::string>> provenance = {{"model", loaded.kind},
                                                                   {"precision", std::string(to_string(loaded.model->precision()))}};
    for (const char* key : {"version", "date", "command", "data_hash"})
        if (loaded.provenance.contains(key) && loaded.provenance[key].is_string())
            provenance.emplace_back(key, loaded.provenance[key].get<std::string>());
    return std::make_unique<ModelCalculator>(loaded.model, file, std::move(provenance));
}

}  // namespace

std::unique_ptr<calculator::Calculator> open_model_files(const std::string& files, const calculator::OpenOptions& options,
                                                         const KindRegistry& kinds) {
    std::optional<Precision> precision;
    if (!options.precision.empty()) precision = precision_from(options.precision);
    std::vector<std::unique_ptr<calculator::Calculator>> members;
    std::istringstream list(files);
    for (std::string file; std::getline(list, file, ',');)
        if (!file.empty()) members.push_back(open_one(file, precision, kinds));
    if (members.size() == 1) return std::move(members[0]);
    return std::make_unique<Committee>(std::move(members));
}

}  // namespace alkali::models
