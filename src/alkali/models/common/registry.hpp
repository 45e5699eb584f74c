#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/config/options.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::models {

/// Everything the program knows of one architecture. One function per kind returns this (`ModelKind nequip_kind();`),
/// one line in models/kinds.cpp lists it.
struct ModelKind {
    std::string name;  ///< value of the config's `model.type`, stored in model files
    std::string help;  ///< one line

    /// Keys of the config's `model` block for this kind, without `type`. Values that come from the data (such as
    /// avg_num_neighbors: auto) are declared as "number or the text auto".
    std::function<config::Options()> options;

    /// A new model: parameters drawn from `seed`, shifts, scales and neighbour counts taken from the frames (see
    /// statistics.hpp). hyperparameters: the resolved `model` block. Errors: InputError naming the key or the frame.
    std::function<std::unique_ptr<TrainableModel>(const nlohmann::json& hyperparameters, std::span<const structure::Frame> frames,
                                                  std::uint64_t seed, base::LogSink& log)>
        create;

    /// The same architecture with all parameters zero, to be filled through set_parameters() by what a file holds.
    /// hyperparameters: what Model::hyperparameters() gave when the file was written (complete: nothing is "auto").
    /// derived: what `derived` below gave, or what an importing program wrote (e.g. its own normalize2mom constants).
    /// precision: overrides that of the hyperparameters. Errors: InputError naming the key.
    std::function<std::unique_ptr<TrainableModel>(const nlohmann::json& hyperparameters, const nlohmann::json& derived,
                                                  std::optional<Precision> precision)>
        build;

    /// Constants that the model's numbers depend on and that are neither hyperparameters nor parameters. May be empty.
    std::function<nlohmann::json(const TrainableModel& model)> derived;

    /// Name of the parameter array that holds an energy for each type (eV), added to that of every atom. Empty: there is none.
    std::string energy_shifts = {};

    /// Names and shapes of the parameter arrays that `build` would make for these hyperparameters, found without making any: what a
    /// file's tensors are compared with first. Errors as those of `build`. Empty: only `build` tells.
    std::function<std::vector<ParameterInfo>(const nlohmann::json& hyperparameters)> layout = {};
};

/// The kinds of model, by name.
class KindRegistry {
public:
    void add(ModelKind kind) { kinds_.push_back(std::move(kind)); }
    [[nodiscard]] const std::vector<ModelKind>& all() const { return kinds_; }
    /// Errors: InputError naming the word and the nearest kind.
    [[nodiscard]] const ModelKind& at(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::vector<ModelKind> kinds_;
};

/// All kinds built into alkali (models/kinds.cpp: one line each).
[[nodiscard]] KindRegistry model_kinds();

}  // namespace alkali::models
