#include "alkali/training/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/io/format.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/prefixes.hpp"

namespace alkali::training {
namespace {

using units::milli;
namespace fs = std::filesystem;

constexpr const char* run_files[] = {
    "checkpoint/state.safetensors", "best.safetensors", "last.safetensors", "init.safetensors", "metrics.csv", "left_out.extxyz"};

void require_place_for_file(const fs::path& file) {
    std::error_code failure;
    const auto type = fs::status(file, failure).type();
    const std::string hint = "remove it, or choose another folder with -o";
    if (type == fs::file_type::directory) throw FileError("is a folder, where a training writes a file", file.string(), hint);
    if (type == fs::file_type::none) throw FileError("cannot be looked at (" + failure.message() + ")", file.string(), hint);
}

void remove_file(const fs::path& file) {
    std::error_code failure;
    fs::remove(file, failure);
    if (failure) throw FileError("cannot be removed (" + failure.message() + ")", file.string(), "check the permissions");
}

constexpr const char* header =
    "epoch,step,lr,train_loss,train_loss_energy,train_loss_forces,train_loss_stress,train_loss_shear,train_energy_rmse,train_force_rmse,"
    "train_stress_rmse,"
    "validation_loss,validation_energy_rmse,validation_force_rmse,validation_stress_rmse,seconds,cpu_seconds\n";

/// Empty where there is no number.
std::string cell(double value) { return std::isfinite(value) ? fmt::format("{:.8g}", value) : std::string{}; }

std::string rmse_cells(const ErrorSums& errors) {
    return fmt::format("{},{},{}", cell(milli * errors.energy.rmse()), cell(milli * errors.forces.rmse()),
                       cell(units::gpa_per_ev_per_angstrom3 * errors.stress.rmse()));
}

std::string line(const MetricsRow& row) {
    const auto& t = row.train.terms;
    return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{:.3f},{:.3f}\n", row.epoch, row.step, cell(row.lr), cell(t.total()),
                       cell(t.energy), cell(t.forces), cell(t.stress), cell(t.shear), rmse_cells(row.train.errors),
                       cell(row.validation.terms.total()), rmse_cells(row.validation.errors), row.used.wall, row.used.cpu);
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path folder, const models::KindRegistry& kinds, nlohmann::json provenance, bool writes)
    : folder_(std::move(folder)), kinds_(kinds), provenance_(std::move(provenance)), writes_(writes) {}

void RunFolder::refuse_inputs(const std::filesystem::path& folder) {
    for (const char* name : run_files) {
        base::refuse_input_as_output(folder / name);
        require_place_for_file(folder / name);
    }
    require_place_for_file(folder / "config.yaml");
    if (const auto checkpoints = checkpoint_in(folder).parent_path(); fs::exists(checkpoints) && !fs::is_directory(checkpoints))
        throw FileError("is no folder, where a training makes one", checkpoints.string(), "remove it, or choose another folder with -o");
}

std::vector<std::string> RunFolder::files_in(const fs::path& folder) {
    std::vector<std::string> files;
    for (const char* name : run_files)
        if (fs::exists(folder / name)) files.emplace_back(name);
    return files;
}

bool RunFolder::has_config(const fs::path& folder, const std::string& text) {
    const auto path = folder / "config.yaml";
    return fs::is_regular_file(path) && base::read_file(path) == text;
}

void RunFolder::open() {
    if (!writes_ || opened_) return;
    opened_ = true;
    for (const auto& name : start_.removed) remove_file(folder_ / name);
    const auto checkpoints = checkpoint().parent_path();
    if (!start_.removed.empty() && fs::is_directory(fs::symlink_status(checkpoints)) && fs::is_empty(checkpoints)) fs::remove(checkpoints);
    if (!has_config(folder_, start_.config)) base::write_file(folder_ / "config.yaml", start_.config);
    if (!start_.left_out.empty()) io::write_frames(folder_ / "left_out.extxyz", start_.left_out);
    start_ = {};
    if (metrics_after_) open_metrics(*metrics_after_);
}

void RunFolder::begin_metrics(std::int64_t after_step) {
    metrics_after_ = after_step;
    if (writes_ && opened_) open_metrics(after_step);
}

void RunFolder::open_metrics(std::int64_t after_step) {
    const auto path = folder_ / "metrics.csv";
    std::string kept = header;
    if (after_step > 0 && std::filesystem::exists(path)) {
        std::istringstream old(base::read_file(path));
        std::string row;
        std::getline(old, row);
        // A row that a kill cut short has no end of line; its epoch is done again.
        for (std::int64_t epoch = 0, step = 0; std::getline(old, row) && !old.eof();) {
            char comma = 0;
            std::istringstream cells(row);
            if (cells >> epoch >> comma >> step && step <= after_step) kept += row + "\n";
        }
    }
    base::write_file(path, kept);
    metrics_.open(path, std::ios::app);
    if (!metrics_) throw FileError("cannot be written", path.string());
}

void RunFolder::add(const MetricsRow& row) {
    if (!writes_) return;
    open();
    metrics_ << line(row) << std::flush;
    if (!metrics_) throw FileError("writing failed", (folder_ / "metrics.csv").string(), "is the disk full?");
}

void RunFolder::save_checkpoint(const TrainerState& state, const RunIdentity& identity) {
    if (!writes_) return;
    open();
    save_state(checkpoint(), state, identity);
}

void RunFolder::save_model(const std::string& name, const models::TrainableModel& model, std::span<const double> parameters,
                           const nlohmann::json& figures) {
    if (!writes_) return;
    open();
    nlohmann::json provenance = provenance_;
    provenance.update(figures);
    models::save_model(folder_ / (name + ".safetensors"), model, parameters, kinds_, provenance);
}

bool RunFolder::holds_model(const std::string& name, const models::TrainableModel& model, std::span<const double> parameters) const {
    const auto path = folder_ / (name + ".safetensors");
    if (!fs::is_regular_file(path)) return false;
    try {
        const auto file = models::load_model(path, kinds_);
        const auto& kind = kinds_.at(model.kind());
        return file.kind == model.kind() && file.model->hyperparameters() == model.hyperparameters() &&
               (!kind.derived || kind.derived(*file.model) == kind.derived(model)) &&
               std::ranges::equal(file.model->parameters(), parameters);
    } catch (const Error&) {
        return false;  // whatever it is, it is not that model
    }
}

nlohmann::json figures(const ErrorSums& errors) {
    nlohmann::json all = nlohmann::json::object();
    const auto put = [&](const std::string& name, const ResidualSums& sums, double factor) {
        if (sums.count == 0) return;
        all[name + "_rmse"] = factor * sums.rmse();
        all[name + "_mae"] = factor * sums.mae();
    };
    put("energy", errors.energy, milli);
    put("force", errors.forces, milli);
    put("stress", errors.stress, units::gpa_per_ev_per_angstrom3);
    return all;
}

}  // namespace alkali::training
