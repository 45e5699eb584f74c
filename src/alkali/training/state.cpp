#include "alkali/training/state.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/config/write.hpp"
#include "alkali/io/safetensors.hpp"

namespace alkali::training {
namespace {

/// 2: the average warms up; what the best model's errors are, how many frames validate, how far the time has come.
constexpr int format_version = 2;

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

bool is_length(const std::string& key) { return std::find(length_keys.begin(), length_keys.end(), key) != length_keys.end(); }

void check_identity(const nlohmann::json& stored, const RunIdentity& identity, const std::string& where) {
    const auto& config = stored.at("config");
    std::string changed;
    for (const auto& key : config::differences(config, identity.config))
        if (!is_length(key))
            changed += (changed.empty() ? "" : ", ") + key + " (was " + value_at(config, key).dump() + ", now " +
                       value_at(identity.config, key).dump() + ")";
    if (!changed.empty())
        throw InputError("the config has changed since this run began: " + changed, where,
                         "put it back, or start a new run in another folder with training.init_from");
    if (stored.at("data_hash") != identity.data_hash)
        throw InputError("the training data have changed since this run began", where,
                         "restore the files, or start a new run in another folder with training.init_from");
}

/// The config of a run that had another length; else null.
nlohmann::json earlier_length(const nlohmann::json& earlier, const nlohmann::json& now) {
    const auto different = config::differences(earlier, now);
    for (const auto& key : different)
        if (const auto value = value_at(earlier, key); !value.is_null() && !value.is_number()) return {};
    return different.empty() ? nlohmann::json() : earlier;
}

/// Numbers of a tensor that must be so many.
template <std::size_t n>
std::span<const double, n> sums_at(const io::TensorFile& file, const std::string& name, const std::string& where) {
    const auto& values = file.at(name).values;
    if (values.size() != n) throw FileError("is no checkpoint: '" + name + "' is of the wrong length", where);
    return std::span<const double, n>(values);
}

ErrorSums errors_at(const io::TensorFile& file, const std::string& name, const std::string& where) {
    ErrorSums errors;
    errors.load(sums_at<ErrorSums::size>(file, name, where));
    return errors;
}

std::vector<double> numbers_of(const ErrorSums& errors) {
    std::vector<double> numbers(ErrorSums::size);
    errors.store(std::span<double, ErrorSums::size>(numbers));
    return numbers;
}

void check_format(const std::map<std::string, std::string>& metadata, const std::string& where) {
    const auto value = [&](const std::string& key) { return metadata.contains(key) ? metadata.at(key) : std::string{}; };
    if (value("format") != "alkali-checkpoint") throw FileError("is no checkpoint", where, "start the run again without --restart");
    if (value("format_version") != std::to_string(format_version))
        throw FileError("is a checkpoint of another version of alkali (format " + value("format_version") + ", this one goes on from " +
                            std::to_string(format_version) + ")",
                        where,
                        "end the run with the version that began it, or start again without --restart, from last.safetensors if there is "
                        "one (training.init_from)");
}

}  // namespace

void StepSums::add(const StepSums& other) {
    terms = {terms.energy + other.terms.energy, terms.forces + other.terms.forces, terms.stress + other.terms.stress,
             terms.shear + other.terms.shear};
    errors.add(other.errors);
    steps += other.steps;
}

std::vector<double> StepSums::numbers() const {
    auto all = numbers_of(errors);
    all.insert(all.end(), {terms.energy, terms.forces, terms.stress, terms.shear, static_cast<double>(steps)});
    return all;
}

StepSums StepSums::from(std::span<const double, size> numbers) {
    StepSums sums;
    sums.errors.load(numbers.first<ErrorSums::size>());
    const auto rest = numbers.subspan<ErrorSums::size>();
    sums.terms = {rest[0], rest[1], rest[2], rest[3]};
    sums.steps = static_cast<std::int64_t>(rest[4]);
    return sums;
}

void save_state(const std::filesystem::path& path, const TrainerState& state, const RunIdentity& identity) {
    io::TensorFile file;
    file.tensors["parameters"] = vector_tensor(state.parameters);
    file.tensors["adam.first"] = vector_tensor(state.adam.first);
    file.tensors["adam.second"] = vector_tensor(state.adam.second);
    file.tensors["adam.largest"] = vector_tensor(state.adam.largest);
    file.tensors["ema"] = vector_tensor(state.ema);
    file.tensors["order"] = vector_tensor({state.order.begin(), state.order.end()});
    file.tensors["sums.present"] = vector_tensor(state.present.numbers());
    file.tensors["sums.previous"] = vector_tensor(state.previous.numbers());
    file.tensors["best.weights"] = vector_tensor(state.best_weights);
    file.tensors["best.errors"] = vector_tensor(numbers_of(state.best_errors));
    file.tensors["best.train_errors"] = vector_tensor(numbers_of(state.best_train_errors));
    const nlohmann::json run = {{"config", identity.config},
                                {"data_hash", identity.data_hash},
                                {"position", state.position},
                                {"epoch", state.epoch},
                                {"step", state.step},
                                {"adam_step", state.adam.step},
                                {"random", state.random},
                                {"schedule", state.schedule},
                                {"time_share", state.time_share},
                                {"best_loss", finite_or_null(state.best_loss)},
                                {"best_epoch", state.best_epoch},
                                {"waited", state.waited},
                                {"validated_frames", state.validated_frames},
                                {"closing_frames", state.closing_frames},
                                {"validation_seconds", state.validation_seconds},
                                {"seconds", state.used.wall},
                                {"cpu_seconds", state.used.cpu},
                                {"finished", state.finished}};
    file.metadata = {{"format", "alkali-checkpoint"}, {"format_version", std::to_string(format_version)}, {"run", run.dump()}};
    file.save(path);
}

TrainerState load_state(const std::filesystem::path& path, const RunIdentity& identity) {
    const auto file = io::TensorFile::load(path);
    const std::string where = path.string();
    check_format(file.metadata, where);
    TrainerState state;
    try {
        const auto run = nlohmann::json::parse(file.metadata.contains("run") ? file.metadata.at("run") : std::string{});
        check_identity(run, identity, where);
        state.earlier_config = earlier_length(run.at("config"), identity.config);
        state.parameters = file.at("parameters").values;
        state.adam = {run.at("adam_step"), file.at("adam.first").values, file.at("adam.second").values, file.at("adam.largest").values};
        state.ema = file.at("ema").values;
        for (const double index : file.at("order").values) state.order.push_back(static_cast<std::size_t>(index));
        state.present = StepSums::from(sums_at<StepSums::size>(file, "sums.present", where));
        state.previous = StepSums::from(sums_at<StepSums::size>(file, "sums.previous", where));
        state.best_errors = errors_at(file, "best.errors", where);
        state.best_train_errors = errors_at(file, "best.train_errors", where);
        state.position = run.at("position");
        state.epoch = run.at("epoch");
        state.step = run.at("step");
        state.random = run.at("random");
        state.schedule = run.at("schedule");
        state.time_share = run.at("time_share");
        if (!run.at("best_loss").is_null()) state.best_loss = run.at("best_loss");
        state.best_epoch = run.at("best_epoch");
        state.waited = run.at("waited");
        state.validated_frames = run.at("validated_frames");
        state.closing_frames = run.at("closing_frames");
        state.best_weights = file.at("best.weights").values;
        state.validation_seconds = run.at("validation_seconds");
        state.used = {run.at("seconds"), run.at("cpu_seconds")};
        state.finished = run.at("finished");
    } catch (const nlohmann::json::exception& error) {
        throw FileError("is no checkpoint: " + std::string(error.what()), where, "start the run again without --restart");
    }
    return state;
}

}  // namespace alkali::training
