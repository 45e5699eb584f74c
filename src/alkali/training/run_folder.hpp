#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include "alkali/models/common/model_file.hpp"
#include "alkali/training/state.hpp"

namespace alkali::training {

/// Errors over the validation (or training) frames with the loss they make.
struct Evaluated {
    LossTerms terms;
    ErrorSums errors;
};

/// One line of metrics.csv.
struct MetricsRow {
    std::int64_t epoch = 0, step = 0;
    double lr = 0;
    Evaluated train, validation;  ///< validation without frames: NaN
    Seconds used;
};

/// The files of a run: best.safetensors, last.safetensors, init.safetensors, metrics.csv, config.yaml, checkpoint/.
/// Only rank 0 has one that writes.
class RunFolder {
public:
    /// provenance: what every model file of the run says of its origin.
    RunFolder(std::filesystem::path folder, const models::KindRegistry& kinds, nlohmann::json provenance, bool writes);

    /// Before anything is written. config.yaml is not looked at: it may be the config that is given.
    /// Errors: InputError if a file of a run in this folder would take the place of an input (base/inputs.hpp).
    static void refuse_inputs(const std::filesystem::path& folder);

    [[nodiscard]] std::filesystem::path checkpoint() const { return folder_ / "checkpoint" / "state.safetensors"; }
    /// Starts metrics.csv anew, or goes on with it after its lines up to this step.
    void begin_metrics(std::int64_t after_step);
    void add(const MetricsRow& row);
    void save_checkpoint(const TrainerState& state, const RunIdentity& identity) const;
    /// The model with these parameters. name: best, last or init. figures: added to the provenance, such as
    /// {"validation": figures(...)}.
    void save_model(const std::string& name, const models::TrainableModel& model, std::span<const double> parameters,
                    const nlohmann::json& figures) const;
    /// A file that says the same already is left as it is.
    void save_text(const std::string& name, const std::string& content) const;

private:
    std::filesystem::path folder_;
    const models::KindRegistry& kinds_;
    nlohmann::json provenance_;
    bool writes_;
    std::ofstream metrics_;
};

/// RMSE and MAE in meV/atom, meV/angstrom and GPa by the names of evaluate; labels that were not there are left out.
[[nodiscard]] nlohmann::json figures(const ErrorSums& errors);

}  // namespace alkali::training
