#include "alkali/models/committee/open.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/models/committee/committee.hpp"
#include "alkali/models/committee/distinct.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/model_file.hpp"

namespace alkali::models {
namespace {

using Provenance = std::vector<std::pair<std::string, std::string>>;

/// Tables fine enough for inference, and what they change as provenance.
void refine(const LoadedModel& loaded, const std::string& file, Provenance& provenance, base::LogSink& log) {
    const auto table = loaded.model->refine_tabulation();
    if (!table) return;
    const auto errors = fmt::format("{} intervals: {:.1e} eV/atom and {:.1e} eV/angstrom from the exact functions", table->intervals,
                                    table->energy_error, table->force_error);
    if (table->within_bounds())
        log.debug(fmt::format("{}: tables of {}", file, errors));
    else
        log.warning(fmt::format("{}: even tables of {}; is the model trained?", file, errors));
    provenance.emplace_back("table_intervals", std::to_string(table->intervals));
    provenance.emplace_back("table_energy_error", fmt::format("{:.3g}", table->energy_error));
    provenance.emplace_back("table_force_error", fmt::format("{:.3g}", table->force_error));
}

std::unique_ptr<ModelCalculator> calculator_of(const LoadedModel& loaded, const std::string& file, base::LogSink& log) {
    Provenance provenance = {{"model", loaded.kind}, {"precision", std::string(to_string(loaded.model->precision()))}};
    refine(loaded, file, provenance, log);
    for (const char* key : {"version", "date", "command", "data_hash"})
        if (loaded.provenance.contains(key) && loaded.provenance[key].is_string())
            provenance.emplace_back(key, loaded.provenance[key].get<std::string>());
    return std::make_unique<ModelCalculator>(loaded.model, file, std::move(provenance), loaded.uncertainty);
}

/// Words first .. last with the commas that were between them.
std::string joined(const std::vector<std::string>& words, std::size_t first, std::size_t last) {
    std::string text = words[first];
    for (std::size_t k = first + 1; k <= last; ++k) text += "," + words[k];
    return text;
}

std::vector<std::string> parts_of(const std::string& text, char between) {
    std::vector<std::string> parts;
    std::istringstream list(text);
    for (std::string part; std::getline(list, part, between);) parts.push_back(part);
    return parts;
}

void add_matches(const std::string& name, std::vector<std::string>& files) {
    for (const auto& path : base::matching_paths(std::filesystem::path(name))) files.push_back(path.string());
}

}  // namespace

std::vector<std::string> model_files_of(const std::string& text) {
    std::vector<std::string> files;
    if (text.find('\n') != std::string::npos) {
        for (const auto& line : parts_of(text, '\n')) add_matches(line, files);
        return files;
    }
    const auto words = parts_of(text, ',');
    if (text.find(',') == std::string::npos || base::matches_anything(text)) {
        add_matches(text, files);
        return files;
    }
    for (std::size_t first = 0; first < words.size(); ++first) {
        if (words[first].empty()) continue;
        std::size_t last = words.size() - 1;  // a name may hold commas itself
        while (last > first && !base::matches_anything(joined(words, first, last))) --last;
        const auto name = joined(words, first, last);
        if (last == first && !base::matches_anything(name))
            throw FileError(
                "there is no such model file", name,
                "'" + text +
                    "' is no file either, so that its commas stand between the members of a committee; --member (or --committee, once for "
                    "each) names them one by one");
        add_matches(name, files);
        first = last;
    }
    return files;
}

std::unique_ptr<calculator::Calculator> open_model_files(const std::string& files, const calculator::OpenOptions& options,
                                                         const KindRegistry& kinds, base::LogSink& log) {
    std::optional<Precision> precision;
    if (!options.precision.empty()) precision = precision_from(options.precision);
    const auto names = model_files_of(files);
    require_distinct_files(names);
    std::vector<std::unique_ptr<calculator::Calculator>> members;
    std::vector<std::shared_ptr<TrainableModel>> models;
    for (const auto& file : names) {
        const auto loaded = load_model(file, kinds, precision);
        models.push_back(loaded.model);
        auto member = calculator_of(loaded, file, log);
        if (options.threads == 0) member->choose_threads();  // a member may be asked alone (properties)
        members.push_back(std::move(member));
    }
    warn_of_copies(models, names, log);
    if (members.size() == 1) return std::move(members[0]);
    auto committee = std::make_unique<Committee>(std::move(members));
    if (options.threads == 0) committee->choose_threads();
    return committee;
}

}  // namespace alkali::models
