#include "alkali/training/run_folder.hpp"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/prefixes.hpp"

namespace alkali::training {
namespace {

using units::milli;

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
    for (const char* name :
         {"best.safetensors", "last.safetensors", "init.safetensors", "metrics.csv", "left_out.extxyz", "checkpoint/state.safetensors"})
        base::refuse_input_as_output(folder / name);
}

void RunFolder::begin_metrics(std::int64_t after_step) {
    if (!writes_) return;
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
    metrics_ << line(row) << std::flush;
    if (!metrics_) throw FileError("writing failed", (folder_ / "metrics.csv").string(), "is the disk full?");
}

void RunFolder::save_checkpoint(const TrainerState& state, const RunIdentity& identity) const {
    if (writes_) save_state(checkpoint(), state, identity);
}

void RunFolder::save_model(const std::string& name, const models::TrainableModel& model, std::span<const double> parameters,
                           const nlohmann::json& figures) const {
    if (!writes_) return;
    nlohmann::json provenance = provenance_;
    provenance.update(figures);
    models::save_model(folder_ / (name + ".safetensors"), model, parameters, kinds_, provenance);
}

void RunFolder::save_text(const std::string& name, const std::string& content) const {
    const auto path = folder_ / name;
    if (writes_ && !(std::filesystem::is_regular_file(path) && base::read_file(path) == content)) base::write_file(path, content);
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
