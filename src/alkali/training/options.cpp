#include "alkali/training/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/path_pattern.hpp"

namespace alkali::training {
namespace {

using config::Kind;
using config::Options;

Options data_options() {
    Options o;
    o.text("train", "file or folder of labelled frames, or a list of them; patterns as in a shell (~/sets/*.extxyz) are followed")
        .or_kind(Kind::texts)
        .required()
        .alias("train_file_path")
        .alias("train_file");
    o.number("use", "share (up to 1) or number of frames of train to use; the others, drawn first, are left out (left_out.extxyz)")
        .fallback(1.0)
        .above(0);
    o.number("validation", "share of train to hold out, or file(s)")
        .or_kind(Kind::text)
        .or_kind(Kind::texts)
        .at_least(0)
        .at_most(0.99)
        .fallback(0.1)
        .alias("val_file_path")
        .alias("valid_file")
        .alias("valid_fraction");
    o.integer("split_seed", "of the held-out share; not given: training.seed").at_least(0);
    o.text("split_by", "none; group: every group (info group or config_type) gives its share; whole-group: groups stay together")
        .choices(dataset::grouping_names())
        .fallback("group");
    o.text("energy_key", "key of the energy in extended XYZ; not given: free_energy, else energy");
    o.text("forces_key", "key of the forces").alias("force_key");
    o.text("stress_key", "key of the stress");
    o.text("virial_key", "key of the virial");
    o.text("format", "format of the files; not given: by their names");
    o.text("stress_sign", "what is positive in the files: tension, or compression (then the stress is turned round)")
        .choices({"tension", "compression"})
        .fallback("tension");
    o.text("missing", "a frame without a label that the loss uses: stop, or leave it out of that term")
        .choices({"error", "mask"})
        .fallback("error");
    o.text("unreadable", "a frame that cannot be read: stop, or leave it out with a warning").choices({"error", "skip"}).fallback("error");
    o.boolean("align_sources", "move the energy zeros of several train files to that of the first (least squares per species)")
        .fallback(false);
    return o;
}

Options loss_options() {
    Options o;
    o.number("total_energy", "of the energy per atom (eV)")
        .fallback(1.0)
        .at_least(0)
        .alias("../energy_weight")
        .alias("energy")
        .alias("per_atom_energy");
    o.number("forces", "of the force components (eV/angstrom)")
        .fallback(1.0)
        .at_least(0)
        .alias("../forces_weight")
        .alias("../force_loss_weight")
        .alias("force");
    o.number("stress", "of the 9 stress components (eV/angstrom^3)")
        .fallback(0.0)
        .at_least(0)
        .alias("../stress_weight")
        .alias("../stress_loss_weight");
    o.number("shear", "of the 6 off-diagonal stress components (eV/angstrom^3), added to stress").fallback(0.0).at_least(0);
    return o;
}

/// DeePMD-kit's words for its `ener` loss, and its defaults but for the virial's.
Options prefactor_options() {
    Options o;
    o.number("start_pref_e", "of the energy, at the full learning rate").fallback(0.02).at_least(0);
    o.number("limit_pref_e", "of the energy, as the learning rate goes to 0").fallback(1.0).at_least(0);
    o.number("start_pref_f", "of the forces, at the full learning rate").fallback(1000.0).at_least(0);
    o.number("limit_pref_f", "of the forces, as the learning rate goes to 0").fallback(1.0).at_least(0);
    o.number("start_pref_v", "of the virial, at the full learning rate; not given: 0.02 if the data have virials").at_least(0);
    o.number("limit_pref_v", "of the virial, as the learning rate goes to 0; not given: 1 if the data have virials").at_least(0);
    o.boolean("intensive_ener_virial", "squares of energy and virial over N^2 instead of N").fallback(false);
    return o;
}

Options with_warmup() {
    Options o;
    o.number("warmup", "share of the training over which lr rises").fallback(0.01).at_least(0).at_most(0.5);
    o.number("warmup_start", "lr at the very beginning; not given: stop_lr").at_least(0);
    return o;
}

std::vector<std::pair<std::string, Options>> schedules() {
    Options plateau = with_warmup();
    plateau.number("factor", "lr is multiplied by it").fallback(0.5).above(0).at_most(1);
    plateau.integer("patience", "epochs without a better validation loss before that").fallback(10).at_least(1).at_most(1e9);
    Options exponential = with_warmup();
    exponential.number("decay_rate", "lr is multiplied by it after every decay_steps, down to stop_lr; not given: as stop_lr asks for")
        .above(0)
        .at_most(1);
    return {{"cosine", with_warmup()}, {"exponential", exponential}, {"plateau", plateau}, {"constant", with_warmup()}};
}

Options trainer_options() {
    Options o;
    o.integer("batch_size", "frames per step; auto:N: so many that they hold at least N atoms (auto: 32), max:N: at most N")
        .or_kind(Kind::text)
        .fallback(5)
        .at_least(1);
    o.number("lr", "learning rate (largest)").fallback(0.005).above(0).alias("learning_rate").alias("start_lr").alias("optim_param.lr");
    o.number("stop_lr", "learning rate at the end; not given: lr/100").above(0);
    o.variant("lr_schedule", "how lr falls; with a time limit it reaches its end at the deadline", schedules()).fallback("cosine");
    o.integer("decay_steps", "exponential schedule: steps for which lr is held; 0: it falls with every step").fallback(0).at_least(0);
    o.text("optimizer", "adam adds weight_decay to the gradient, adamw takes it off the weights")
        .choices({"adam", "adamw"})
        .fallback("adamw");
    o.number("beta1", "of Adam's mean").fallback(0.9).at_least(0).at_most(0.9999);
    o.number("beta2", "of Adam's mean square").fallback(0.999).at_least(0).at_most(0.999999);
    o.number("epsilon", "of Adam").fallback(1e-8).above(0);
    o.number("weight_decay", "of weights (biases, scales and shifts do not decay)").fallback(0.0).at_least(0);
    o.boolean("amsgrad", "AMSGrad variant of Adam").fallback(true);
    o.number("gradient_clip", "largest norm of the gradient; 0: none")
        .fallback(0.0)
        .at_least(0)
        .alias("clip_grad")
        .alias("gradient_clip_val");
    o.number("ema_decay", "of the moving average of the weights, per step; 0: off").fallback(0.99).at_least(0).at_most(0.999999);
    o.block("loss_coeffs", "weights of the loss terms", loss_options()).alias("loss.coeffs");
    o.text("loss_type",
           "mean of squares or Huber's, with loss_coeffs; deepmd: DeePMD-kit's, with loss_prefactors; not given: deepmd for a Deep "
           "Potential without loss_coeffs, else mse")
        .choices({"mse", "huber", "deepmd"});
    o.block("loss_prefactors", "weights of loss_type deepmd; they follow the learning rate", prefactor_options());
    o.number("huber_delta", "residuals beyond it count linearly (in the unit of each term)").fallback(0.01).above(0);
    o.integer("max_epochs", "passes over the training frames; if no limit is given: 100")
        .at_least(1)
        .alias("max_num_epochs")
        .alias("epoch");
    o.integer("numb_steps", "optimiser steps").at_least(1).alias("num_steps").alias("stop_batch").alias("max_steps");
    o.number("max_seconds", "wall time of the whole run").unit("s").above(0);
    o.number("max_cpu_seconds", "CPU time of the whole process, all threads").unit("s").above(0);
    o.integer("patience", "epochs without a better validation loss before the run stops; 0: never")
        .fallback(0)
        .at_least(0)
        .at_most(1e9)
        .alias("early_stopping_patiences");
    o.integer("validation_batches",
              "look at so many batches of the validation frames each time; not given: at all of them, if that takes "
              "at most a quarter of the time")
        .at_least(1)
        .at_most(1e9)
        .alias("numb_btch");
    o.integer("validation_batch_size", "frames of such a batch, or auto, auto:N, max:N as for batch_size; not given: batch_size")
        .or_kind(Kind::text)
        .at_least(1)
        .at_most(1e9)
        .alias("valid_batch_size");
    o.integer("seed", "of initial weights, data order and split").fallback(1).at_least(0);
    o.text("init_from", "model file to start from instead of random weights").alias("foundation_model");
    o.text("energy_shifts",
           "of the model of init_from: auto (fitted anew where the data have another zero of energy), keep, or fit (in any case)")
        .choices({"auto", "keep", "fit"})
        .fallback("auto");
    o.number("checkpoint_seconds", "time between checkpoints").unit("s").fallback(10.0).at_least(0);
    return o;
}

double number(const nlohmann::json& block, const char* key, double absent = 0) {
    return block.at(key).is_null() ? absent : block.at(key).get<double>();
}
std::int64_t integer(const nlohmann::json& block, const char* key) {
    return block.at(key).is_null() ? 0 : block.at(key).get<std::int64_t>();
}
std::string text(const nlohmann::json& block, const char* key) {
    return block.at(key).is_null() ? std::string{} : block.at(key).get<std::string>();
}

std::vector<std::filesystem::path> paths(const nlohmann::json& block, const std::string& key) {
    const auto& value = block.at(key);
    std::vector<std::filesystem::path> all;
    for (const auto& each : value.is_string() ? nlohmann::json::array({value}) : value) all.emplace_back(each.get<std::string>());
    if (all.empty() || std::any_of(all.begin(), all.end(), [](const auto& path) { return path.empty(); }))
        throw InputError("'data." + key + "' names no file", "data." + key,
                         key == "validation" ? "give file(s), or a share of data.train (0: none)" : "give file(s) of labelled frames");
    return all;
}

ScheduleSettings schedule_settings(const nlohmann::json& block) {
    ScheduleSettings s;
    const auto& schedule = block.at("lr_schedule");
    const std::string type = schedule.at("type");
    s.kind = type == "cosine"        ? ScheduleSettings::Kind::cosine
             : type == "exponential" ? ScheduleSettings::Kind::exponential
             : type == "plateau"     ? ScheduleSettings::Kind::plateau
                                     : ScheduleSettings::Kind::constant;
    s.lr = block.at("lr");
    s.stop_lr = number(block, "stop_lr", s.lr / 100);
    s.warmup = schedule.at("warmup");
    s.warmup_start = number(schedule, "warmup_start", -1);
    if (schedule.contains("decay_rate")) s.decay_rate = number(schedule, "decay_rate");
    s.decay_steps = integer(block, "decay_steps");
    s.factor = schedule.value("factor", s.factor);
    s.patience = schedule.value("patience", s.patience);
    return s;
}

constexpr double most_frames = 0x1p53;

/// Frames per step for a text such as "auto:32", by the mean number of atoms of a frame.
std::int64_t batch_size_for(const std::string& text, const std::string& key, std::span<const structure::Frame> frames) {
    const auto colon = text.find(':');
    const std::string rule = text.substr(0, colon), digits = colon == std::string::npos ? "" : text.substr(colon + 1);
    std::int64_t bound = 32;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), bound);
    const bool number = failure == std::errc{} && end == digits.data() + digits.size() && bound > 0;
    if ((rule != "auto" && rule != "max") || (colon == std::string::npos ? rule != "auto" : !number))
        throw InputError("'" + text + "' is no rule for a batch size", "training." + key, "give a number, auto, auto:N or max:N");
    double atoms = 0;
    for (const auto& frame : frames) atoms += static_cast<double>(frame.structure.size());
    const double needed = static_cast<double>(bound) * static_cast<double>(frames.size()) / std::max(atoms, 1.0);
    const double rounded = rule == "auto" ? std::ceil(needed - 1e-9) : std::floor(needed + 1e-9);
    return static_cast<std::int64_t>(std::clamp(rounded, 1.0, most_frames));
}

LossSettings loss_settings(const nlohmann::json& block) {
    LossSettings loss;
    if (block.at("loss_type") == "deepmd") {
        const auto& p = block.at("loss_prefactors");
        loss.extent = p.at("intensive_ener_virial") ? LossSettings::Extent::deepmd_intensive : LossSettings::Extent::deepmd;
        static_cast<LossCoefficients&>(loss) = {p.at("limit_pref_e"), p.at("limit_pref_f"), number(p, "limit_pref_v"), 0};
        loss.start = LossCoefficients{p.at("start_pref_e"), p.at("start_pref_f"), number(p, "start_pref_v"), 0};
        return loss;
    }
    const auto& coefficients = block.at("loss_coeffs");
    loss.form = block.at("loss_type") == "huber" ? LossSettings::Form::huber : LossSettings::Form::mse;
    loss.huber_delta = block.at("huber_delta");
    static_cast<LossCoefficients&>(loss) = {coefficients.at("total_energy"), coefficients.at("forces"), coefficients.at("stress"),
                                            coefficients.at("shear")};
    return loss;
}

bool is_given(const config::Config& config, const std::string& path) {
    return std::any_of(config.lines.begin(), config.lines.end(),
                       [&](const auto& line) { return line.first == path || line.first.starts_with(path + "."); });
}

bool is_default(const nlohmann::json& block, const Options& options) {
    const auto& all = options.all();
    return std::all_of(all.begin(), all.end(), [&](const auto& option) { return block.at(option.data.key) == option.data.fallback; });
}

/// Weights of the loss that is not the one asked for; empty where none are given. A config.yaml that alkali wrote gives all keys: there
/// these are the defaults.
std::string idle_weights(const config::Config& config) {
    const auto& training = config.values.at("training");
    const bool deepmd = training.at("loss_type") == "deepmd";
    const std::string idle = deepmd ? "loss_coeffs" : "loss_prefactors", used = deepmd ? "loss_prefactors" : "loss_coeffs";
    const bool complete =
        is_given(config, "training." + used) && is_default(training.at(idle), deepmd ? loss_options() : prefactor_options());
    return is_given(config, "training." + idle) && !complete ? "training." + idle : "";
}

void check_rates(const config::Config& config) {
    const auto& training = config.values.at("training");
    const double lr = training.at("lr");
    const auto check = [&](const nlohmann::json& value, const std::string& path) {
        if (!value.is_null() && value.get<double>() > lr)
            throw InputError(
                fmt::format("{} is {:g}, above training.lr ({:g}), which is the largest learning rate", path, value.get<double>(), lr),
                config.where(path), "give a smaller one, or a larger training.lr");
    };
    check(training.at("stop_lr"), "training.stop_lr");
    check(training.at("lr_schedule").at("warmup_start"), "training.lr_schedule.warmup_start");
}

/// Keys that are given, say something, and belong to a choice that the config does not make: "training.huber_delta (loss_type is mse)".
std::string idle_keys(const config::Config& config) {
    const auto &training = config.values.at("training"), &data = config.values.at("data"), &schedule = training.at("lr_schedule");
    const std::string loss = training.at("loss_type"), kind = schedule.at("type");
    const bool constant = kind == "constant", warms_up = schedule.at("warmup") > 0;
    const bool draws = data.at("use") != 1 || (data.at("validation").is_number() && data.at("validation") > 0);
    std::string list = idle_weights(config);
    if (!list.empty()) list += " (loss_type is " + loss + ")";
    const auto look = [&](const std::string& path, const nlohmann::json& fallback, bool used, const std::string& why) {
        auto pointer = "/" + path;
        std::ranges::replace(pointer, '.', '/');
        if (used || !is_given(config, path) || config.values.at(nlohmann::json::json_pointer(pointer)) == fallback) return;
        list += (list.empty() ? "" : ", ") + path + " (" + why + ")";
    };
    look("training.huber_delta", 0.01, loss == "huber", "loss_type is " + loss);
    look("training.decay_steps", 0, kind == "exponential", "lr_schedule is " + kind);
    look("training.stop_lr", nullptr, !constant || (warms_up && schedule.at("warmup_start").is_null()), "lr_schedule is constant");
    look("training.lr_schedule.warmup_start", nullptr, warms_up, "warmup is 0");
    look("training.validation_batch_size", nullptr, !training.at("validation_batches").is_null(), "validation_batches is not given");
    look("training.validation_batches", nullptr, data.at("validation") != 0, "there are no validation frames");
    look("training.energy_shifts", "auto", !training.at("init_from").is_null(), "init_from is not given");
    look("data.split_by", "group", draws, "no frames are drawn from data.train");
    return list;
}

}  // namespace

config::Options training_options(const models::KindRegistry& kinds) {
    std::vector<std::pair<std::string, Options>> model_kinds;
    for (const auto& kind : kinds.all()) model_kinds.emplace_back(kind.name, kind.options());
    Options o;
    o.variant("model", "architecture and hyperparameters", std::move(model_kinds)).required();
    o.block("data", "labelled frames", data_options());
    o.block("training", "how the model is fitted", trainer_options());
    return o;
}

TrainerSettings trainer_settings(const nlohmann::json& values) {
    const auto& block = values.at("training");
    TrainerSettings s;
    if (block.at("batch_size").is_number()) s.batch_size = block.at("batch_size");
    s.seed = block.at("seed");
    s.loss = loss_settings(block);
    s.adam.beta1 = block.at("beta1");
    s.adam.beta2 = block.at("beta2");
    s.adam.epsilon = block.at("epsilon");
    s.adam.weight_decay = block.at("weight_decay");
    s.adam.decay = block.at("optimizer") == "adam" ? AdamSettings::Decay::coupled : AdamSettings::Decay::decoupled;
    s.adam.amsgrad = block.at("amsgrad");
    s.schedule = schedule_settings(block);
    s.gradient_clip = block.at("gradient_clip");
    s.ema_decay = block.at("ema_decay");
    s.max_epochs = integer(block, "max_epochs");
    s.max_steps = integer(block, "numb_steps");
    s.max_seconds = number(block, "max_seconds");
    s.max_cpu_seconds = number(block, "max_cpu_seconds");
    s.patience = block.at("patience");
    s.checkpoint_seconds = block.at("checkpoint_seconds");
    if (block.at("validation_batch_size").is_number())
        s.validation_frames =
            static_cast<std::size_t>(std::min(most_frames, number(block, "validation_batches") * number(block, "validation_batch_size")));
    if (s.max_epochs == 0 && s.max_steps == 0 && s.max_seconds == 0 && s.max_cpu_seconds == 0) s.max_epochs = 100;
    return s;
}

DataSettings data_settings(const nlohmann::json& values) {
    const auto& block = values.at("data");
    const LossSettings loss = trainer_settings(values).loss;
    DataSettings s;
    s.train = paths(block, "train");
    if (block.at("validation").is_number())
        s.validation_fraction = block.at("validation");
    else
        s.validation = paths(block, "validation");
    s.split_seed = block.at("split_seed").is_null() ? values.at("training").at("seed").get<std::uint64_t>()
                                                    : block.at("split_seed").get<std::uint64_t>();
    s.align_sources = block.at("align_sources");
    s.use = block.at("use");
    s.compression_is_positive = block.at("stress_sign") == "compression";
    s.grouping = dataset::grouping_from(block.at("split_by"));
    s.load.read.format = text(block, "format");
    s.load.read.energy_key = text(block, "energy_key");
    s.load.read.forces_key = text(block, "forces_key");
    s.load.read.stress_key = text(block, "stress_key");
    s.load.read.virial_key = text(block, "virial_key");
    s.load.read.unreadable = block.at("unreadable") == "skip" ? io::Unreadable::left_out : io::Unreadable::error;
    s.load.missing = block.at("missing") == "mask" ? dataset::Missing::mask : dataset::Missing::error;
    const LossCoefficients begin = loss.start.value_or(loss);
    s.load.needs = {loss.total_energy > 0 || begin.total_energy > 0, loss.forces > 0 || begin.forces > 0, loss.ever_uses_stress()};
    // DeePMD folders without a type_map.raw are numbered by the model's types.
    const auto& model = values.at("model");
    if (model.contains("type_names") && model.at("type_names").is_array()) s.load.read.type_names = model.at("type_names");
    return s;
}

void settle_loss(config::Config& config, base::LogSink& log) {
    auto& type = config.values.at("training").at("loss_type");
    if (!type.is_null()) return;
    const bool deep_potential = config.values.at("model").at("type") == "deep_potential";
    const bool coefficients = is_given(config, "training.loss_coeffs") || is_given(config, "training.huber_delta");
    if (is_given(config, "training.loss_prefactors") && (coefficients || !deep_potential))
        throw InputError("these are weights of DeePMD-kit's loss, which the config does not ask for",
                         config.where("training.loss_prefactors"), "set training.loss_type: deepmd, or give loss_coeffs alone");
    type = deep_potential && !coefficients ? "deepmd" : "mse";
    if (type == "deepmd") log.info("loss: that of DeePMD-kit, as for any Deep Potential unless loss_type or loss_coeffs say otherwise");
}

void check_choices(const config::Config& config, base::LogSink& log) {
    try {
        static_cast<void>(data_settings(config.values));
    } catch (const InputError& error) {
        throw InputError(error.fault(), config.where(error.where()), error.hint());
    }
    check_rates(config);
    const auto idle = idle_keys(config);
    if (!idle.empty()) log.warning("config: without effect: " + idle);
}

void settle_by_data(nlohmann::json& values, std::span<const structure::Frame> frames, base::LogSink& log) {
    auto& training = values.at("training");
    if (training.at("batch_size").is_string()) {
        training["batch_size"] = batch_size_for(training.at("batch_size"), "batch_size", frames);
        log.info(fmt::format("batch_size: {} frames", training.at("batch_size").get<std::int64_t>()));
    }
    if (training.at("loss_type") != "deepmd") return;
    auto& p = training.at("loss_prefactors");
    const bool given = !p.at("start_pref_v").is_null() || !p.at("limit_pref_v").is_null();
    const bool has_virials = std::any_of(frames.begin(), frames.end(), [](const auto& frame) { return has_stress(frame); });
    if (p.at("start_pref_v").is_null()) p["start_pref_v"] = given ? p.at("limit_pref_v").get<double>() : has_virials ? 0.02 : 0.0;
    if (p.at("limit_pref_v").is_null()) p["limit_pref_v"] = given ? p.at("start_pref_v").get<double>() : has_virials ? 1.0 : 0.0;
    const double start = p.at("start_pref_v"), limit = p.at("limit_pref_v");
    const std::string why = given ? "" : has_virials ? ", on since the data have virials" : ", since the data have no virials";
    const std::string weights = start > 0 || limit > 0 ? fmt::format("{:g} to {:g}", start, limit) : "off";
    log.info(fmt::format("loss prefactors: energy {:g} to {:g}, forces {:g} to {:g}, virial {}{}", p.at("start_pref_e").get<double>(),
                         p.at("limit_pref_e").get<double>(), p.at("start_pref_f").get<double>(), p.at("limit_pref_f").get<double>(),
                         weights, why));
}

void settle_validation(nlohmann::json& values, std::span<const structure::Frame> frames) {
    auto& training = values.at("training");
    auto& size = training.at("validation_batch_size");
    if (training.at("validation_batches").is_null() || frames.empty()) return;
    if (size.is_null()) size = training.at("batch_size");
    if (size.is_string()) size = batch_size_for(size, "validation_batch_size", frames);
}

std::optional<std::filesystem::path> init_from(const nlohmann::json& values) {
    const auto& value = values.at("training").at("init_from");
    if (value.is_null()) return std::nullopt;
    return base::matching_path(value.get<std::string>());
}

EnergyShifts energy_shifts(const nlohmann::json& values) {
    const auto& word = values.at("training").at("energy_shifts");
    return word == "keep" ? EnergyShifts::keep : word == "fit" ? EnergyShifts::fit : EnergyShifts::automatic;
}

}  // namespace alkali::training
