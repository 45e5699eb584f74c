#include "alkali/training/state.hpp"

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/config/write.hpp"
#include "alkali/io/safetensors.hpp"

namespace alkali::training {
namespace {

constexpr int format_version = 1;

io::Tensor vector_tensor(std::vector<double> values) {
    const std::size_t n = values.size();
    return {{n}, std::move(values)};
}

nlohmann::json finite_or_null(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(); }

nlohmann::json value_at(const nlohmann::json& json, const std::string& path) {
    const nlohmann::json* here = &json;
    for (std::size_t from = 0; from <= path.size();) {
        const auto dot = std::min(path.find('.', from), path.size());
        const auto key = path.substr(from, dot - from);
        if (!here->is_object() || !here->contains(key)) return {};
        here = &here->at(key);
        from = dot + 1;
    }
    return *here;
}

void check_identity(const nlohmann::json& stored, const RunIdentity& identity, const std::string& where) {
    const auto& config = stored.at("config");
    std::string changed;
    for (const auto& key : config::differences(config, identity.config))
        changed += (changed.empty() ? "" : ", ") + key + " (was " + value_at(config, key).dump() + ", now " +
                   value_at(identity.config, key).dump() + ")";
    if (!changed.empty())
        throw InputError("the config has changed since this run began: " + changed, where,
                         "put it back, or start a new run in another folder with training.init_from");
    if (stored.at("data_hash") != identity.data_hash)
        throw InputError("the training data have changed since this run began", where,
                         "restore the files, or start a new run in another folder with training.init_from");
}

}  // namespace

void save_state(const std::filesystem::path& path, const TrainerState& state, const RunIdentity& identity) {
    io::TensorFile file;
    file.tensors["parameters"] = vector_tensor(state.parameters);
    file.tensors["adam.first"] = vector_tensor(state.adam.first);
    file.tensors["adam.second"] = vector_tensor(state.adam.second);
    file.tensors["adam.largest"] = vector_tensor(state.adam.largest);
    file.tensors["ema"] = vector_tensor(state.ema);
    file.tensors["order"] = vector_tensor({state.order.begin(), state.order.end()});
    std::vector<double> errors(ErrorSums::size);
    state.errors.store(std::span<double, ErrorSums::size>(errors));
    file.tensors["errors"] = vector_tensor(errors);
    file.tensors["terms"] = vector_tensor({state.terms.energy, state.terms.forces, state.terms.stress, state.terms.shear});
    const nlohmann::json run = {{"config", identity.config},
                                {"data_hash", identity.data_hash},
                                {"position", state.position},
                                {"epoch", state.epoch},
                                {"step", state.step},
                                {"adam_step", state.adam.step},
                                {"random", state.random},
                                {"schedule", state.schedule},
                                {"epoch_steps", state.epoch_steps},
                                {"best_loss", finite_or_null(state.best_loss)},
                                {"best_epoch", state.best_epoch},
                                {"seconds", state.used.wall},
                                {"cpu_seconds", state.used.cpu},
                                {"finished", state.finished}};
    file.metadata = {{"format", "alkali-checkpoint"}, {"format_version", std::to_string(format_version)}, {"run", run.dump()}};
    file.save(path);
}

TrainerState load_state(const std::filesystem::path& path, const RunIdentity& identity) {
    const auto file = io::TensorFile::load(path);
    const std::string where = path.string();
    const auto metadata = [&](const std::string& key) { return file.metadata.contains(key) ? file.metadata.at(key) : std::string{}; };
    if (metadata("format") != "alkali-checkpoint" || metadata("format_version") != std::to_string(format_version))
        throw FileError("is no checkpoint of this version of alkali", where, "start the run again without --restart");
    TrainerState state;
    try {
        const auto run = nlohmann::json::parse(metadata("run"));
        check_identity(run, identity, where);
        state.parameters = file.at("parameters").values;
        state.adam = {run.at("adam_step"), file.at("adam.first").values, file.at("adam.second").values, file.at("adam.largest").values};
        state.ema = file.at("ema").values;
        for (const double index : file.at("order").values) state.order.push_back(static_cast<std::size_t>(index));
        const auto& errors = file.at("errors").values;
        const auto& terms = file.at("terms").values;
        if (errors.size() != ErrorSums::size || terms.size() != 4) throw FileError("is no checkpoint: sums of the wrong length", where);
        state.errors.load(std::span<const double, ErrorSums::size>(errors));
        state.terms = {terms[0], terms[1], terms[2], terms[3]};
        state.position = run.at("position");
        state.epoch = run.at("epoch");
        state.step = run.at("step");
        state.random = run.at("random");
        state.schedule = run.at("schedule");
        state.epoch_steps = run.at("epoch_steps");
        if (!run.at("best_loss").is_null()) state.best_loss = run.at("best_loss");
        state.best_epoch = run.at("best_epoch");
        state.used = {run.at("seconds"), run.at("cpu_seconds")};
        state.finished = run.at("finished");
    } catch (const nlohmann::json::exception& error) {
        throw FileError("is no checkpoint: " + std::string(error.what()), where, "start the run again without --restart");
    }
    return state;
}

}  // namespace alkali::training
