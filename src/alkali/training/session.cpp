#include "alkali/training/session.hpp"

#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/base/process.hpp"
#include "alkali/config/write.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/dataset/split.hpp"

namespace alkali::training {
namespace {

/// Frames for training and for validation.
struct Data {
    std::vector<structure::Frame> train, validation;
};

Data load_data(const DataSettings& settings, base::LogSink& log) {
    Data data;
    auto set = dataset::load(settings.train, settings.load, log);
    if (settings.align_sources) {
        if (!settings.validation.empty())
            throw InputError("cannot be used with separate validation files", "data.align_sources", "give data.validation as a fraction");
        dataset::align_sources(set);
    }
    if (!settings.validation.empty()) {
        data.train = std::move(set.frames);
        data.validation = dataset::load(settings.validation, settings.load, log).frames;
        return data;
    }
    // A single frame cannot be shared out: it trains.
    const double fraction = set.frames.size() < 2 ? 0.0 : settings.validation_fraction;
    const auto parts = dataset::split(set.frames, {fraction, settings.split_seed, dataset::Grouping::stratified, {}});
    data.train = set.subset(parts.kept).frames;
    data.validation = set.subset(parts.held).frames;
    return data;
}

void check_labels(const Data& data, const LossSettings& loss) {
    LabelCounts counts;
    for (const auto& frame : data.train) counts.add(frame);
    const auto need = [](double coefficient, double count, const std::string& what, const std::string& key) {
        if (coefficient > 0 && count == 0)
            throw InputError("no training frame has " + what + ", but its weight is not 0", "training.loss_coeffs." + key,
                             "set it to 0, or give data with " + what);
    };
    need(loss.total_energy, counts.energies, "an energy", "total_energy");
    need(loss.forces, counts.force_components, "forces", "forces");
    need(loss.stress, counts.stresses, "stress", "stress");
    need(loss.shear, counts.stresses, "stress", "shear");
    if (loss.total_energy == 0 && loss.forces == 0 && !loss.uses_stress())
        throw InputError("all weights of the loss are 0", "training.loss_coeffs");
}

/// The hyperparameters that the config gives must be those of the model it starts from.
void check_same_architecture(const models::TrainableModel& wanted, const models::TrainableModel& given, const std::string& file) {
    if (wanted.kind() != given.kind())
        throw InputError("training.init_from is a model of kind " + given.kind() + ", model.type is " + wanted.kind(), file);
    if (wanted.type_names() != given.type_names())
        throw InputError("the model has other type_names than the config", file, "use the same list in the same order");
    if (wanted.cutoff() != given.cutoff())
        throw InputError(fmt::format("the model has the cutoff {}, the config {}", given.cutoff(), wanted.cutoff()), file,
                         "use the same model block");
    const auto& a = wanted.layout();
    const auto& b = given.layout();
    for (std::size_t k = 0; k < std::max(a.size(), b.size()); ++k)
        if (k >= a.size() || k >= b.size() || a[k].name != b[k].name || a[k].shape != b[k].shape)
            throw InputError("the model differs from the config in the tensor " + (k < a.size() ? a[k].name : b[k].name), file,
                             "use the model block that the model was trained with (alkali info shows it)");
}

std::shared_ptr<models::TrainableModel> make_model(const nlohmann::json& values, const Data& data, std::uint64_t seed,
                                                   const models::KindRegistry& kinds, base::LogSink& log) {
    auto hyperparameters = values.at("model");
    const std::string type = hyperparameters.at("type");
    hyperparameters.erase("type");
    std::shared_ptr<models::TrainableModel> model = kinds.at(type).create(hyperparameters, data.train, seed, log);
    const auto start = init_from(values);
    if (!start) return model;
    auto loaded = models::load_model(*start, kinds, model->precision());
    check_same_architecture(*model, *loaded.model, start->string());
    log.info("starting from " + start->string());
    return loaded.model;
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

}  // namespace

Outcome train(const SessionRequest& request, const models::KindRegistry& kinds, Communicator& communicator, base::LogSink& log,
              base::ProgressSink& progress) {
    const RunOrigin origin{std::chrono::steady_clock::now(), request.cpu_before};
    const auto options = training_options(kinds);
    auto config = config::load(request.config, options, log);
    auto& seed = config.values["training"]["seed"];
    if (config.values["data"]["split_seed"].is_null()) config.values["data"]["split_seed"] = seed;  // one split for a whole committee
    seed = seed.get<std::uint64_t>() + request.seed_offset;
    const auto settings = trainer_settings(config.values);

    const auto checkpoint = request.output / "checkpoint" / "state.safetensors";
    const bool held = std::filesystem::exists(checkpoint);
    if (held && !request.restart && !request.overwrite)
        throw InputError("holds an earlier run", request.output.string(),
                         "go on with it by --restart, allow its loss by --overwrite, or choose another folder with -o");

    Data data = load_data(data_settings(config.values), log);
    check_labels(data, settings.loss);
    const RunIdentity identity{config.values, hash_of(data)};
    std::optional<TrainerState> state;
    if (held && request.restart) state = load_state(checkpoint, identity);
    if (request.restart && !held) log.info("no checkpoint in " + request.output.string() + ": starting from the beginning");

    const auto model = make_model(config.values, data, settings.seed, kinds, log);
    RunFolder folder(request.output, kinds, provenance(request, data, identity.data_hash, config.values), communicator.rank() == 0);
    // Before anything is written: these find overlapping atoms.
    const GraphSet train_set(std::move(data.train), model->type_names(), model->cutoff());
    const GraphSet validation_set(std::move(data.validation), model->type_names(), model->cutoff());
    folder.save_text("config.yaml", config::to_yaml(config.values, options));
    if (request.init_only) {
        folder.save_model("init", *model, nlohmann::json::object());
        return {0, 0, 0, 0, "initial model written", {}};
    }
    log.info(fmt::format("{} frames to train on, {} for validation, {} parameters", train_set.size(), validation_set.size(),
                         model->parameters().size()));
    if (state && state->finished) {
        log.info("this run is finished already");
        return {state->epoch, state->step, state->best_epoch, state->best_loss, "finished before", {}};
    }
    if (held && !request.restart && communicator.rank() == 0) std::filesystem::remove(checkpoint);
    Trainer trainer(settings, {*model, train_set, validation_set, folder, identity, origin, communicator, log, progress});
    if (state) trainer.restore(*state);
    return trainer.run();
}

}  // namespace alkali::training
