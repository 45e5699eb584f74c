#include "alkali/training/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/base/memory.hpp"
#include "alkali/base/process.hpp"
#include "alkali/config/json.hpp"
#include "alkali/config/write.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/dataset/inputs.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/io/format.hpp"
#include "alkali/training/another_length.hpp"
#include "alkali/training/deepmd_input.hpp"
#include "alkali/training/energy_zero.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::training {
namespace {

/// Frames for training and for validation, and those that neither uses.
struct Data {
    std::vector<structure::Frame> train, validation, left_out;
};

void turn_stress_round(std::vector<structure::Frame>& frames) {
    for (auto& frame : frames)
        if (frame.labels.stress) *frame.labels.stress *= -1.0;
}

/// Takes out the frames that are not to be used: the same as those that `alkali data split --test` takes first.
std::vector<structure::Frame> leave_out(dataset::FrameSet& set, const DataSettings& settings) {
    const auto frames = static_cast<double>(set.frames.size());
    const double used = settings.use <= 1 ? settings.use : settings.use / frames;
    if (used > 1)
        throw InputError(fmt::format("asks for {:.0f} frames, there are {:.0f}", settings.use, frames), "data.use", "ask for fewer");
    if (used == 1 || frames < 2) return {};
    const auto parts = dataset::split(set.frames, {1 - used, settings.split_seed + 1, settings.grouping, {}});
    auto left = set.subset(parts.held).frames;
    set = set.subset(parts.kept);
    return left;
}

void say_alignment(const dataset::FrameSet& set, const std::vector<dataset::AtomEnergies>& subtracted, base::LogSink& log) {
    for (std::size_t s = 1; s < subtracted.size(); ++s) {
        std::string list;
        for (const auto& [number, energy] : subtracted[s])
            list += fmt::format("{}{:.4f} eV per {} atom", list.empty() ? "" : ", ", energy, units::symbol(number));
        log.info(set.sources[s] + ": energies moved to the zero of " + set.sources[0] +
                 (list.empty() ? ": nothing in common" : ", less " + list));
    }
}

void say_shared_structures(const Data& data, const std::string& remedy, base::LogSink& log) {
    const auto shared = dataset::structures_in_both(data.train, data.validation);
    if (shared.empty()) return;
    log.warning(
        fmt::format("{} validation frames are structures that are trained on too, such as {} and {}: validation errors will look too "
                    "good; {}",
                    shared.size(), data.validation[shared[0].second].where(), data.train[shared[0].first].where(), remedy));
}

Data load_data(const DataSettings& settings, base::LogSink& log) {
    Data data;
    auto set = dataset::load(settings.train, settings.load, log);
    if (settings.align_sources) {
        if (!settings.validation.empty())
            throw InputError("cannot be used with separate validation files", "data.align_sources", "give data.validation as a fraction");
        say_alignment(set, dataset::align_sources(set), log);
    }
    if (settings.compression_is_positive) turn_stress_round(set.frames);
    data.left_out = leave_out(set, settings);
    if (!settings.validation.empty()) {
        data.train = std::move(set.frames);
        data.validation = dataset::load(settings.validation, settings.load, log).frames;
        if (settings.compression_is_positive) turn_stress_round(data.validation);
        say_shared_structures(data, "give other frames as data.validation, or a share of data.train", log);
        return data;
    }
    // A single frame cannot be shared out: it trains.
    const double fraction = set.frames.size() < 2 ? 0.0 : settings.validation_fraction;
    const auto parts = dataset::split(set.frames, {fraction, settings.split_seed, settings.grouping, {}});
    data.train = set.subset(parts.kept).frames;
    data.validation = set.subset(parts.held).frames;
    say_shared_structures(data, "remove duplicates (alkali data check lists them) or set data.split_by: whole-group", log);
    return data;
}

/// What the best model is chosen by must be what it is trained for.
void check_validation_labels(std::span<const structure::Frame> frames, const LossSettings& loss, base::LogSink& log) {
    if (frames.empty()) return;
    LabelCounts held;
    for (const auto& frame : frames) held.add(frame);
    std::string judged, unjudged;
    const auto look = [&](bool counts, double labels, const std::string& what) {
        auto& list = labels > 0 ? judged : unjudged;
        if (counts) list += (list.empty() ? "" : " and ") + what;
    };
    look(loss.total_energy > 0, held.energies, "energies");
    look(loss.forces > 0, held.force_components, "forces");
    look(loss.uses_stress(), held.stresses, "stresses");
    // Their loss would be zero from the beginning, and the first model the best.
    if (judged.empty())
        throw InputError("no validation frame has a label that the loss uses", "data.validation", "give other frames, or a share of train");
    if (!unjudged.empty())
        log.warning("no validation frame has " + unjudged + ", which the loss uses: the best model will be chosen by " + judged +
                    " alone; give other frames as data.validation, or another data.split_seed");
}

void check_labels(const Data& data, const LossSettings& loss, base::LogSink& log) {
    LabelCounts counts;
    for (const auto& frame : data.train) counts.add(frame);
    const LossCoefficients begin = loss.start.value_or(loss);
    const bool prefactors = loss.start.has_value();
    const auto need = [](double coefficient, double count, const std::string& what, const std::string& key) {
        if (coefficient > 0 && count == 0)
            throw InputError("no training frame has " + what + ", but its weight is not 0", "training." + key,
                             "set it to 0, or give data with " + what);
    };
    const auto key = [&](const std::string& coefficient, const std::string& prefactor) {
        return prefactors ? "loss_prefactors.limit_pref_" + prefactor : "loss_coeffs." + coefficient;
    };
    need(std::max(loss.total_energy, begin.total_energy), counts.energies, "an energy", key("total_energy", "e"));
    need(std::max(loss.forces, begin.forces), counts.force_components, "forces", key("forces", "f"));
    need(std::max(loss.stress, begin.stress), counts.stresses, "stress", key("stress", "v"));
    need(loss.shear, counts.stresses, "stress", key("shear", ""));
    if (loss.total_energy == 0 && loss.forces == 0 && !loss.uses_stress())
        throw InputError(prefactors ? "all limits of the prefactors are 0" : "all weights of the loss are 0",
                         prefactors ? "training.loss_prefactors" : "training.loss_coeffs");
    check_validation_labels(data.validation, loss, log);
}

bool left_to_the_data(const nlohmann::json& given) {
    if (!given.is_string()) return false;
    const auto word = given.get<std::string>();
    return word == "auto" || word.starts_with("auto:") || word == "per_type";
}

/// Adds to `different` where `ours` differs from `agreed` in what `block` gives, key by key; takes over what is trained.
void agree(const nlohmann::json& block, const nlohmann::json& ours, nlohmann::json& agreed, const std::string& path,
           std::string& different) {
    for (const auto& [key, value] : ours.items()) {
        if (!block.contains(key) || left_to_the_data(block.at(key)) || agreed.value(key, nlohmann::json()) == value) continue;
        if (key == "trainable" || key.ends_with("_trainable")) {
            agreed[key] = value;
        } else if (value.is_object() && block.at(key).is_object() && agreed.contains(key) && agreed.at(key).is_object()) {
            agree(block.at(key), value, agreed[key], path + key + ".", different);
        } else {
            different += (different.empty() ? "" : ", ") + path + key + " (" + config::json_text(agreed.value(key, nlohmann::json())) +
                         " in the file, " + config::json_text(value) + " in the config)";
        }
    }
}

/// The hyperparameters that the config gives must be those of the model it starts from; what is trained is the config's choice.
/// Keys that the config cannot give or leaves to the data are the file's. Gives the hyperparameters to go on with.
nlohmann::json agreed_hyperparameters(const nlohmann::json& block, const models::TrainableModel& wanted,
                                      const models::TrainableModel& given, const std::string& file) {
    if (wanted.kind() != given.kind())
        throw InputError("training.init_from is a model of kind " + given.kind() + ", model.type is " + wanted.kind(), file);
    auto agreed = given.hyperparameters();
    std::string different;
    agree(block, wanted.hyperparameters(), agreed, "model.", different);
    if (!different.empty())
        throw InputError("the model differs from the config in " + different, file,
                         "use the model block that the model was trained with (alkali info shows it)");
    return agreed;
}

/// Per-type values that the config gives itself replace those of the file: new data may have another zero of energy.
std::string take_given_values(const nlohmann::json& block, const models::ModelKind& kind, const models::TrainableModel& wanted,
                              models::TrainableModel& model) {
    std::vector<double> parameters(model.parameters().begin(), model.parameters().end());
    std::string taken;
    for (const auto& info : wanted.layout()) {
        const std::string key = "per_type_energy_" + (info.name == kind.energy_shifts ? "shifts" : info.name);
        if (!block.contains(key) || block.at(key) == "auto") continue;
        std::copy_n(wanted.parameters().begin() + static_cast<std::ptrdiff_t>(info.offset), info.size,
                    parameters.begin() + static_cast<std::ptrdiff_t>(info.offset));
        taken += (taken.empty() ? "" : ", ") + key;
    }
    model.set_parameters(parameters);
    return taken;
}

std::shared_ptr<models::TrainableModel> make_model(const nlohmann::json& values, const Data& data, std::uint64_t seed,
                                                   const models::KindRegistry& kinds, base::LogSink& log) {
    auto block = values.at("model");
    const std::string type = block.at("type");
    block.erase("type");
    const auto& kind = kinds.at(type);
    const auto start = init_from(values);
    if (!start) return kind.create(block, data.train, seed, log);
    if (std::filesystem::is_directory(*start))
        throw InputError("is a folder, not a model", start->string(),
                         "give one model file as training.init_from, such as best.safetensors in it or in one of its member_N");
    base::NullSink unheard;  // what a new model would take from the data is not what is used
    const std::shared_ptr<models::TrainableModel> wanted = kind.create(block, data.train, seed, unheard);
    auto model = models::load_model(*start, kinds, wanted->precision()).model;
    const auto agreed = agreed_hyperparameters(block, *wanted, *model, start->string());
    if (agreed != model->hyperparameters()) {
        const std::shared_ptr<models::TrainableModel> rebuilt =
            kind.build(agreed, kind.derived ? kind.derived(*model) : nlohmann::json::object(), wanted->precision());
        rebuilt->set_parameters(model->parameters());
        model = rebuilt;
    }
    const std::string taken = take_given_values(block, kind, *wanted, *model);
    log.info("starting from " + start->string() + (taken.empty() ? "" : ", but for the config's " + taken));
    const auto shifts = energy_shifts(values);
    const bool by_hand = taken.find("per_type_energy_shifts") != std::string::npos;
    move_energy_zero(*model, kind, data.train, by_hand && shifts == EnergyShifts::automatic ? EnergyShifts::keep : shifts, log);
    return model;
}

nlohmann::json provenance(const SessionRequest& request, const Data& data, const std::string& data_hash, const nlohmann::json& values) {
    return {{"version", request.version},
            {"command", request.command},
            {"date", base::utc_date()},
            {"data_hash", data_hash},
            {"data", values.at("data")},
            {"training", values.at("training")},
            {"frames", {{"train", data.train.size()}, {"validation", data.validation.size()}}}};
}

std::string hash_of(const Data& data) {
    return dataset::content_hash(data.train) + (data.validation.empty() ? "" : "+" + dataset::content_hash(data.validation));
}

/// Of the bytes of the model to start from; empty where there is none, or no file.
std::string hash_of_start(const nlohmann::json& values) {
    const auto start = init_from(values);
    if (!start || std::filesystem::is_directory(*start)) return {};
    dataset::Sha256 hash;
    hash.add(base::read_file(*start));
    return hash.hex();
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

bool has_checkpoint(const std::filesystem::path& folder) { return std::filesystem::exists(RunFolder::checkpoint_in(folder)); }

[[noreturn]] void refuse_folder(const std::filesystem::path& folder, const std::vector<std::string>& files) {
    if (has_checkpoint(folder))
        throw InputError("holds an earlier run (" + listed(files) + ")", folder.string(),
                         "go on with it by --restart, allow its loss by --overwrite, or choose another folder with -o");
    throw InputError("holds files of an earlier run without its checkpoint: " + listed(files), folder.string(),
                     "allow their loss by --overwrite, or choose another folder with -o");
}

/// What can be told before the config is resolved: beside an initial model, and beside the config of a run to go on with, files may be
/// this run's own; so may config.yaml where it is the config that is given.
std::vector<std::string> files_of_others(const SessionRequest& request) {
    const auto there = [&](const char* name) { return std::filesystem::exists(request.output / name); };
    auto files = RunFolder::files_in(request.output);
    if (request.restart && there("config.yaml") && !there("last.safetensors")) return {};
    const bool prepared = !request.init_only && there("init.safetensors");
    if (prepared) std::erase(files, "init.safetensors");
    if (prepared) std::erase(files, "left_out.extxyz");
    std::error_code unknown;
    const bool given = there("config.yaml") && std::filesystem::equivalent(request.output / "config.yaml", request.config, unknown);
    if (there("config.yaml") && !prepared && !given) files.emplace_back("config.yaml");
    return files;
}

/// With the resolved config it can be told whose files without a checkpoint are: a run that was killed before its first one left its own.
void require_own_files(const SessionRequest& request, const std::string& config) {
    if (RunFolder::has_config(request.output, config)) {
        const bool finished = request.restart && std::filesystem::exists(request.output / "last.safetensors");
        if (!finished || has_checkpoint(request.output)) return;
    } else {
        base::refuse_input_as_output(request.output / "config.yaml");
    }
    if (request.overwrite || (request.restart && has_checkpoint(request.output))) return;
    auto files = RunFolder::files_in(request.output);
    if (std::filesystem::exists(request.output / "config.yaml")) files.emplace_back("config.yaml");
    if (!files.empty()) refuse_folder(request.output, files);
}

/// Parameters, moments, average, best weights and a checkpoint being written: some sixteen numbers for each parameter.
void require_room_for_training(const models::TrainableModel& model) {
    base::require_memory(16 * sizeof(double) * static_cast<double>(model.parameters().size()),
                         fmt::format("the training of {} parameters", model.parameters().size()), "model",
                         "fewer features or layers need less");
}

std::shared_ptr<models::TrainableModel> make_trainable(const config::Config& config, const Data& data, std::uint64_t seed,
                                                       const models::KindRegistry& kinds, base::LogSink& log) {
    try {
        auto model = make_model(config.values, data, seed, kinds, log);
        require_room_for_training(*model);
        return model;
    } catch (const InputError& error) {
        if (!error.where().starts_with("model")) throw;
        throw InputError(error.fault(), config.where(error.where()), error.hint());
    }
}

/// What of an earlier run would lie beside the files of this one.
std::vector<std::string> files_to_remove(const SessionRequest& request) {
    auto files = RunFolder::files_in(request.output);
    if (!request.overwrite) std::erase(files, "init.safetensors");
    return files;
}

/// Seeds draw weights and the order of frames; where a committee starts from one model and every batch holds all frames, neither matters.
void refuse_equal_members(const SessionRequest& request, const nlohmann::json& values, std::size_t batch_size, std::size_t frames,
                          base::LogSink& log) {
    if (request.members < 2 || !init_from(values)) return;
    if (request.init_only)
        log.warning("the members of this committee begin as the same model, since training.init_from gives it");
    else if (batch_size >= frames)
        throw InputError(
            fmt::format("the {} members of this committee would be the same model: all start from training.init_from, and a batch "
                        "holds all {} frames, so that nothing depends on their seeds",
                        request.members, frames),
            "training.batch_size", "make it smaller than the number of frames, or leave out training.init_from");
}

void say_what_processes_change(int processes, base::LogSink& log) {
    if (processes > 1)
        log.info(
            fmt::format("{} processes share each batch: their gradients are added in another order than one process adds them, so that "
                        "the numbers of this run are not to the last digits those of another number of processes",
                        processes));
}

}  // namespace

void add_inputs(base::InputFiles& inputs, const std::filesystem::path& config, const nlohmann::json& values) {
    const auto data = data_settings(values);
    inputs.add(config);
    for (const auto& path : data.train) dataset::add_inputs(inputs, path);
    for (const auto& path : data.validation) dataset::add_inputs(inputs, path);
    if (const auto start = init_from(values)) inputs.add(*start);
}

std::uint64_t seed_of_member(const config::Config& config, std::uint64_t member) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();  // what a config can hold
    const auto seed = config.values.at("training").at("seed").get<std::uint64_t>();
    if (member > most || seed > most - member)
        throw InputError(fmt::format("the seed {} leaves no larger ones for the other members of a committee", seed),
                         config.where("training.seed"), "give a smaller one");
    return seed + member;
}

void require_free_folder(const SessionRequest& request) {
    RunFolder::refuse_inputs(request.output);
    const auto checkpoint = RunFolder::checkpoint_in(request.output);
    if (request.restart && has_checkpoint(request.output)) static_cast<void>(parse_state(base::read_file(checkpoint), checkpoint.string()));
    if (request.overwrite || (request.restart && has_checkpoint(request.output))) return;
    if (const auto files = files_of_others(request); !files.empty()) refuse_folder(request.output, files);
}

Outcome train(const SessionRequest& request, const models::KindRegistry& kinds, Communicator& communicator, base::LogSink& log,
              base::ProgressSink& progress) {
    const RunOrigin origin{std::chrono::steady_clock::now(), request.cpu_before};
    const auto options = training_options(kinds);
    auto config = config::check(read_training_document(request.config, log), options, request.config.string(), log);
    settle_loss(config, log);
    check_choices(config, log);
    auto& seed = config.values["training"]["seed"];
    if (config.values["data"]["split_seed"].is_null()) config.values["data"]["split_seed"] = seed;  // one split for a whole committee
    seed = seed_of_member(config, request.seed_offset);
    base::InputFiles inputs;
    add_inputs(inputs, request.config, config.values);
    RunFolder::refuse_inputs(request.output);
    std::optional<base::FolderLock> lock;
    if (communicator.rank() == 0 && request.lock == nullptr) lock.emplace(request.output, "training", log);
    const bool first = communicator.rank() == 0;
    if (first) require_free_folder(request);

    Data data = load_data(data_settings(config.values), log);
    settle_by_data(config.values, data.train, log);
    settle_validation(config.values, data.validation);
    const auto settings = trainer_settings(config.values);
    check_labels(data, settings.loss, log);
    refuse_equal_members(request, config.values, settings.batch_size, data.train.size(), log);
    warn_of_doubtful_labels(data.train, data.validation, log);
    const RunIdentity identity{config.values, hash_of(data), hash_of_start(config.values)};
    const auto text = config::to_yaml(config.values, options);
    if (first) require_own_files(request, text);
    std::optional<TrainerState> state;
    if (request.restart && has_checkpoint(request.output)) state = load_state(RunFolder::checkpoint_in(request.output), identity);
    if (request.restart && !state) log.info("no checkpoint in " + request.output.string() + ": starting from the beginning");

    const auto model = make_trainable(config, data, settings.seed, kinds, log);
    say_what_processes_change(communicator.size(), log);
    RunFolder folder(request.output, kinds, provenance(request, data, identity.data_hash, config.values), first);
    // Before anything is written: these find overlapping atoms and what the model has no room for.
    const GraphSet train_set(std::move(data.train), *model);
    const GraphSet validation_set(std::move(data.validation), *model);
    if (!data.left_out.empty())
        log.info(fmt::format("{} frames are left out, for tests: {}", data.left_out.size(), (request.output / "left_out.extxyz").string()));
    folder.begin({text, std::move(data.left_out), state ? std::vector<std::string>{} : files_to_remove(request)});
    if (request.init_only) {
        folder.save_model("init", *model, model->parameters(), nlohmann::json::object());
        return outcome_of({}, validation_set, "initial model written");
    }
    log.info(fmt::format("{} frames to train on, {} for validation, {} parameters", train_set.size(), validation_set.size(),
                         model->parameters().size()));
    if (state && !state->earlier_config.is_null())
        tell_another_length(trainer_settings(state->earlier_config), settings, *state, train_set.size(), log);
    Trainer trainer(settings, {*model, train_set, validation_set, folder, identity, origin, communicator, log, progress, request.threads});
    if (state) trainer.restore(*state);
    if (state && state->finished && state->earlier_config.is_null()) {
        folder.open();
        log.info("this run is finished already");
        return outcome_of(*state, validation_set, "finished before");
    }
    return trainer.run();
}

}  // namespace alkali::training
