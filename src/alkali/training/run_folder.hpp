#pragma once
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

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

/// What a run puts into its folder before its first result.
struct RunStart {
    std::string config;                           ///< text of config.yaml
    std::vector<structure::Frame> left_out = {};  ///< for left_out.extxyz
    std::vector<std::string> removed = {};        ///< files of an earlier run that go
};

/// The files of a run: best.safetensors, last.safetensors, init.safetensors, metrics.csv, config.yaml, checkpoint/.
/// Only rank 0 has one that writes. Nothing is touched before the first result (model, line of metrics.csv or checkpoint): a run that
/// fails before leaves the folder as it was.
class RunFolder {
public:
    /// provenance: what every model file of the run says of its origin.
    RunFolder(std::filesystem::path folder, const models::KindRegistry& kinds, nlohmann::json provenance, bool writes);

    /// Before anything is written. config.yaml is not looked at: it may be the config that is given.
    /// Errors: InputError if a file of a run in this folder would take the place of an input (base/inputs.hpp); FileError if a folder
    /// lies where a file is to be.
    static void refuse_inputs(const std::filesystem::path& folder);

    /// Files of a run that lie in this folder, config.yaml aside.
    [[nodiscard]] static std::vector<std::string> files_in(const std::filesystem::path& folder);
    /// Whether config.yaml is there and says exactly this.
    [[nodiscard]] static bool has_config(const std::filesystem::path& folder, const std::string& text);

    [[nodiscard]] static std::filesystem::path checkpoint_in(const std::filesystem::path& folder) {
        return folder / "checkpoint" / "state.safetensors";
    }
    [[nodiscard]] std::filesystem::path checkpoint() const { return checkpoint_in(folder_); }
    /// What to put there first.
    void begin(RunStart start) { start_ = std::move(start); }
    /// Puts it there now, if it is not yet.
    void open();
    /// Starts metrics.csv anew, or goes on with it after its lines up to this step.
    void begin_metrics(std::int64_t after_step);
    void add(const MetricsRow& row);
    void save_checkpoint(const TrainerState& state, const RunIdentity& identity);
    /// The model with these parameters. name: best, last or init. figures: added to the provenance, such as
    /// {"validation": figures(...)}.
    void save_model(const std::string& name, const models::TrainableModel& model, std::span<const double> parameters,
                    const nlohmann::json& figures);
    /// Whether the file of this name is there and is this model with these parameters.
    [[nodiscard]] bool holds_model(const std::string& name, const models::TrainableModel& model, std::span<const double> parameters) const;

private:
    void open_metrics(std::int64_t after_step);

    std::filesystem::path folder_;
    const models::KindRegistry& kinds_;
    nlohmann::json provenance_;
    bool writes_, opened_ = false;
    RunStart start_;
    std::optional<std::int64_t> metrics_after_;
    std::ofstream metrics_;
};

/// RMSE and MAE in meV/atom, meV/angstrom and GPa by the names of evaluate; labels that were not there are left out.
[[nodiscard]] nlohmann::json figures(const ErrorSums& errors);

}  // namespace alkali::training
