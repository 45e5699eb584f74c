#include "alkali/training/nequip_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/training/interpolation.hpp"
#include "alkali/training/nequip_keys.hpp"

namespace alkali::training {
namespace {

using config::Tree;
using enum KeyFate;
using namespace nequip_keys;

/// "DD:HH:MM:SS".
std::optional<double> seconds_of(const std::string& text) {
    constexpr double units[] = {86400, 3600, 60, 1};
    std::vector<double> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto colon = std::min(text.find(':', begin), text.size());
        double value = 0;
        const auto [end, failure] = std::from_chars(text.data() + begin, text.data() + colon, value);
        if (failure != std::errc{} || end != text.data() + colon || !(value >= 0)) return std::nullopt;
        parts.push_back(value);
        begin = colon + 1;
    }
    if (parts.size() != 4) return std::nullopt;
    double total = 0;
    for (std::size_t k = 0; k < 4; ++k) total += parts[k] * units[k];
    return total > 0 ? std::optional(total) : std::nullopt;
}

/// nequip's named sizes of PresetNequIPGNNModel.
struct Preset {
    const char *name, *num_layers, *l_max;
    std::vector<const char*> num_features;
};

}  // namespace

Tree NequipBlocks::result(base::LogSink& log) {
    run();
    if (!refuses())  // parts of it may lie in other files
        for (const char* key : {"data", "trainer", "training_module"}) require_block(key);
    const Tree& module = block(input_, "training_module", "");
    follow(module, module_rules(), "training_module.");
    model(module);
    data();
    trainer();
    average(module);
    loss(block(module, "loss", "training_module."));
    optimizer(block(module, "optimizer", "training_module."));
    schedule(block(module, "lr_scheduler", "training_module."));
    return finish({"a training config of nequip"}, log);
}

void NequipBlocks::require_block(const std::string& key) const {
    if (input_.find(key) != nullptr) return;
    std::vector<std::string> given;
    for (const auto& entry : input_.entries) given.push_back(entry.key);
    const auto guess = base::did_you_mean(key, given);
    throw InputError("the block '" + key + "' is missing", file().string(), guess.empty() ? "a config of nequip has one" : guess);
}

/// Whether frames may lack labels of the loss.
bool NequipBlocks::ignores_missing(const Tree& loss) const {
    const std::string path = "training_module.loss.";
    bool ignores = false;
    for (const Tree& metric : each_of(loss.find("metrics")))
        ignores = truth(metric, "ignore_nan", path + "metrics.").value_or(false) || ignores;
    const Tree& fields = block(loss, "ignore_nan", path);
    for (const auto& entry : fields.entries) ignores = truth(fields, entry.key, path + "ignore_nan.").value_or(false) || ignores;
    return ignores;
}

void NequipBlocks::run() {
    const auto tasks = each_of(input_.find("run"));
    const auto is = [](const Tree& task, const char* name) { return says(&task, name) || task.find(name) != nullptr; };
    if (!tasks.empty() && std::none_of(tasks.begin(), tasks.end(), [&](const Tree& task) { return is(task, "train"); }))
        refuse("run (without train)");
    if (std::any_of(tasks.begin(), tasks.end(), [&](const Tree& task) { return is(task, "test"); }))
        note("run: test is left to alkali evaluate MODEL DATA");
    for (const Tree& each : each_of(input_.find("defaults")))
        if (!says(&each, "_self_")) refuse("defaults (parts in other files)");
}

void NequipBlocks::model(const Tree& module) {
    const Tree* given = &block(module, "model", "training_module.");
    std::string path = "training_module.model.";
    if (target(*given) == "modify") {
        follow(*given, {{"_target_", read}, {"modifiers", read}, {"model", read}}, path);
        for (const Tree& modifier : each_of(given->find("modifiers"))) {
            const Tree* name = modifier.find("modifier");
            if (name != nullptr && name->scalar.starts_with("enable_"))
                idle(path + "modifiers (" + name->scalar + ")");
            else
                refuse(path + "modifiers" + (name != nullptr ? " (" + name->scalar + ")" : ""));
        }
        given = &block(*given, "model", path);
        path += "model.";
    }
    const std::string name = target(*given);
    if (name == "ModelFromPackage" || name == "ModelFromCheckpoint")
        throw InputError("the model of this nequip config starts from another file (" + name + ")", file().string(),
                         "import that file (alkali import), write a config of alkali, and name it in training.init_from");
    const bool preset = name == "PresetNequIPGNNModel";
    if (name != "NequIPGNNModel" && name != "NequIPGNNEnergyModel" && !preset && !(name.empty() && given->find("r_max") != nullptr)) {
        refuse(path + "_target_ (" + (name.empty() ? "missing" : name) + ")");
        return;
    }
    follow(*given, model_rules(), path);
    put("model.type", text_value("nequip"), path);
    if (preset) size(*given, path);
    put_default("model.num_layers", plain_value("4"));
    put_default("model.l_max", plain_value("1"));
    put_default("model.parity", plain_value("true"));
    put_default("model.num_features", plain_value("32"));
    settle_precision();
    if (const Tree* between = given->find("readout_mlp_nonlinearity"); between != nullptr)
        put("model.readout_mlp_nonlinearity", is_null(between) ? text_value("None") : *between, path);
    for (const char* key : {"do_derivatives", "convnet_sc"})
        if (!truth(*given, key, path).value_or(true)) refuse(path + key + " (false)");
    if (const Tree* type = given->find("convnet_nonlinearity_type"); !is_null(type) && !says(type, "gate"))
        refuse(path + "convnet_nonlinearity_type (" + shown(*type) + ")");
    statistics(*given, path);
    pair_potential(block(*given, "pair_potential", path), path + "pair_potential");
}

void NequipBlocks::size(const Tree& model, const std::string& path) {
    static const std::vector<Preset> presets{{"S", "2", "1", {"128", "64"}},
                                             {"M", "4", "2", {"128", "64", "32"}},
                                             {"L", "6", "3", {"128", "64", "32", "32"}},
                                             {"XL", "6", "4", {"320", "96", "64", "32", "32"}}};
    std::string name = is_null(model.find("preset")) ? "" : shown(*model.find("preset"));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return 'a' <= c && c <= 'z' ? static_cast<char>(c - 32) : c; });
    const auto preset = std::find_if(presets.begin(), presets.end(), [&](const Preset& each) { return each.name == name; });
    if (preset == presets.end()) return refuse(path + "preset (" + name + ")");
    put_default("model.num_layers", plain_value(preset->num_layers));
    put_default("model.l_max", plain_value(preset->l_max));
    Tree features{Tree::Type::list, {}, false, 0, {}, {}};
    for (const char* count : preset->num_features) features.items.push_back(plain_value(count));
    put_default("model.num_features", std::move(features));
    put_default("model.parity", plain_value("false"));
    put_default("model.type_embed_num_features", plain_value("32"));
    put_default("model.radial_mlp_depth", plain_value("1"));
    put_default("model.radial_mlp_width", plain_value("128"));
}

std::string NequipBlocks::statistic(const std::string& name) const {
    static const std::vector<std::pair<std::string, std::string>> known{{"num_neighbors_mean", "neighbours"},
                                                                        {"per_type_num_neighbors_mean", "neighbours per_type"},
                                                                        {"per_atom_energy_mean", "energy"},
                                                                        {"forces_rms", "forces"},
                                                                        {"per_type_forces_rms", "forces per_type"}};
    const Tree* manager = input_.find("data") != nullptr ? input_.find("data")->find("stats_manager") : nullptr;
    for (const Tree& metric : each_of(manager != nullptr ? manager->find("metrics") : nullptr)) {
        const Tree *given = metric.find("name"), *field = metric.find("field"), *of = metric.find("metric");
        if (!says(given, name) || field == nullptr || of == nullptr) continue;
        const bool by_type = truth(metric, "per_type", "data.stats_manager.metrics.").value_or(false);
        const std::string kind = target(*of), per = by_type ? " per_type" : "";
        if (target(*field) == "NumNeighbors" && kind == "Mean") return "neighbours" + per;
        if (target(*field) == "PerAtomModifier" && says(field->find("field"), "total_energy") && kind == "Mean") return "energy";
        if (says(field, "forces") && kind == "RootMeanSquare") return "forces" + per;
        return {};
    }
    for (const auto& [word, meaning] : known)
        if (word == name) return meaning;
    return {};
}

void NequipBlocks::statistics(const Tree& model, const std::string& path) {
    struct Use {
        const char *key, *what, *overall, *per_type, *absent;
    };
    for (const Use& use :
         {Use{"avg_num_neighbors", "neighbours", "auto", "per_type", "1.0"},
          Use{"per_type_energy_scales", "forces", "auto", "per_type", "1.0"}, Use{"per_type_energy_shifts", "energy", "mean", "", "0.0"}}) {
        const std::string place = std::string("model.") + use.key;
        const Tree* given = model.find(use.key);
        const std::string name = resolver_argument(given, "training_data_stats");
        const std::string meaning = statistic(name);
        if (is_null(given))
            put(place, plain_value(use.absent), path + use.key);
        else if (name.empty())
            put(place, per_type(*given), path + use.key);
        else if (meaning == use.what)
            put(place, text_value(use.overall), path + use.key);
        else if (meaning == std::string(use.what) + " per_type" && *use.per_type != 0)
            put(place, text_value(use.per_type), path + use.key);
        else
            refuse(path + use.key + " (" + name + ")");
    }
}

void NequipBlocks::pair_potential(const Tree& pair, const std::string& path) {
    if (pair.entries.empty()) return;
    follow(pair, pair_potential_rules(), path + ".");
    const Tree *units = pair.find("units"), *species = pair.find("chemical_species");
    if (target(pair) != "ZBL") return refuse(path + " (" + target(pair) + ")");
    if (!says(units, "metal")) return refuse(path + ".units" + (is_null(units) ? "" : " (" + shown(*units) + ")"));
    if (!is_null(species) && !same_types(*species)) return refuse(path + ".chemical_species (others than type_names)");
    put("model.pair_potential.type", text_value("zbl"), path);
    if (const Tree* p = pair.find("polynomial_cutoff_p"); !is_null(p)) put("model.pair_potential.polynomial_cutoff_p", *p, path);
}

bool NequipBlocks::same_types(const Tree& names) const {
    const Tree* types = found("model.type_names");
    if (types == nullptr || types->items.size() != names.items.size()) return types == nullptr;
    for (std::size_t t = 0; t < names.items.size(); ++t)
        if (names.items[t].scalar != types->items[t].scalar) return false;
    return true;
}

void NequipBlocks::data() {
    const Tree& data = block(input_, "data", "");
    const std::string name = target(data);
    if (name != "ASEDataModule" && name != "NequIPDataModule" && !name.empty()) {
        refuse("data._target_ (" + name + ")");
        return;
    }
    follow(data, data_rules(), "data.");
    statistics_rules();
    reading(data, "data.");
    frames(data);
    put("data.missing", text_value(masks_ || ignores_missing(block(block(input_, "training_module", ""), "loss", "")) ? "mask" : "error"),
        "data");
    for (const char* key : {"train_dataloader", "train_dataloader_kwargs"}) {
        const Tree& loader = block(data, key, "data.");
        follow(loader, loader_rules(), std::string("data.") + key + ".");
        if (!truth(loader, "shuffle", std::string("data.") + key + ".").value_or(true))
            note("frames are drawn in a new order in every epoch (shuffle)");
    }
    put_default("training.batch_size", plain_value("1"));
    batches(block(input_, "trainer", ""));
    if (data.find("test_file_path") != nullptr || data.find("test_dataset") != nullptr)
        note("test data are left to alkali evaluate MODEL DATA");
}

void NequipBlocks::reading(const Tree& tree, const std::string& path) {
    for (const Tree& transform : each_of(tree.find("transforms"))) this->transform(transform, path + "transforms");
    put_ase_args(block(tree, "ase_args", path), path + "ase_args");
    put_key_mapping(block(tree, "key_mapping", path), path + "key_mapping");
}

void NequipBlocks::statistics_rules() {
    const std::string path = "data.stats_manager.";
    const Tree& manager = block(block(input_, "data", ""), "stats_manager", "data.");
    follow(manager, {{"_target_", read}, {"metrics", read}, {"type_names", without_effect}, {"dataloader_kwargs", without_effect}}, path);
    for (const Tree& metric : each_of(manager.find("metrics"))) {
        if (metric.type != Tree::Type::map) fail(path + "metrics", "a list of blocks", metric);
        if (const Tree* field = metric.find("field"); field != nullptr) follow(*field, modifier_rules(), path + "metrics.field.");
        if (const Tree* kind = metric.find("metric"); kind != nullptr) follow(*kind, {{"_target_", read}}, path + "metrics.metric.");
        follow(metric, {{"name", read}, {"field", read}, {"metric", read}, {"per_type", read}, {"ignore_nan", without_effect}},
               path + "metrics.");
    }
}

void NequipBlocks::transform(const Tree& tree, const std::string& path) {
    const std::string name = target(tree);
    if (const KeyRules* rules = transform_rules(name)) follow(tree, *rules, path + " (" + name + ").");
    if (name == "ChemicalSpeciesToAtomTypeMapper") {
        for (const char* key : {"chemical_symbols", "model_type_names"})
            if (const Tree* names = tree.find(key); !is_null(names) && !same_types(*names))
                refuse(path + "." + key + " (others than the model's type_names)");
        const Tree& map = block(tree, "chemical_species_to_atom_type_map", path + ".");
        if (std::any_of(map.entries.begin(), map.entries.end(), [](const auto& entry) { return !says(&entry.value, entry.key); }))
            refuse(path + ".chemical_species_to_atom_type_map (types that are no elements)");
    } else if (name == "NeighborListTransform" || name == "SortedNeighborListTransform") {
        const auto reach = number(tree, "r_max", path + "."), cutoff = number_of(found("model.r_max"));
        if (reach && cutoff && *reach < *cutoff)
            refuse(fmt::format("{}.r_max ({:g}, shorter than the model's {:g})", path, *reach, *cutoff));
    } else if (name == "StressSignFlipTransform") {
        put_default("data.stress_sign", text_value("compression"));
    } else if (name == "AddNaNStressTransform") {
        masks_ = true;
    } else if (name != "VirialToStressTransform" && name != "NonPeriodicCellTransform" && name != "NeighborListPruneTransform" &&
               name != "DatasetIndexTransform") {
        refuse(path + " (" + (name.empty() ? "without _target_" : name) + ")");
    }
}

void NequipBlocks::frames(const Tree& data) {
    Tree train{Tree::Type::list, {}, false, 0, {}, {}}, validation = train;
    const auto add = [&](Tree& to, const Tree* given, const std::string& key) {
        if (is_null(given)) return;
        for (auto& each : paths_value(*given, key).items) to.items.push_back(std::move(each));
    };
    add(train, data.find("train_file_path"), "data.train_file_path");
    add(validation, data.find("val_file_path"), "data.val_file_path");
    for (const Tree& each : each_of(data.find("train_dataset")))
        add(train, dataset_path(each, "data.train_dataset."), "data.train_dataset");
    for (const Tree& each : each_of(data.find("val_dataset"))) add(validation, dataset_path(each, "data.val_dataset."), "data.val_dataset");
    const auto splits = each_of(data.find("split_dataset"));
    const bool other_files = !train.items.empty() || !validation.items.empty();
    if (!splits.empty() && other_files) {
        refuse("data.split_dataset (beside files of their own)");
        return;
    }
    const auto parts_of = [&](const Tree& split) {
        const std::string path = "data.split_dataset.";
        return std::array{number(split, "train", path), number(split, "val", path), number(split, "test", path),
                          number(split, "predict", path)};
    };
    for (const Tree& split : splits) {
        follow(split, split_rules(), "data.split_dataset.");
        const Tree* path = split.find("dataset") != nullptr ? dataset_path(*split.find("dataset"), "data.split_dataset.dataset.")
                                                            : split.find("file_path");
        add(train, path, "data.split_dataset.file_path");
        const auto parts = parts_of(split);
        if (parts != parts_of(splits[0]) || (splits.size() > 1 && parts[0].value_or(0) >= 1))
            refuse("data.split_dataset (several, not all with the same shares)");
        if (&split != &splits[0]) continue;
        put_parts({parts[0], parts[1], parts[2]}, "data.split_dataset");
        if (parts[2] || parts[3]) note("the test part of data.split_dataset is left out of the training");
    }
    if (train.items.empty()) {
        refuse("data (without train_file_path or split_dataset)");
        return;
    }
    put("data.train", std::move(train), "data");
    if (!splits.empty()) return;
    put("data.validation", validation.items.empty() ? plain_value("0") : std::move(validation), "data.val_file_path");
}

const Tree* NequipBlocks::dataset_path(const Tree& dataset, const std::string& path) {
    if (target(dataset) != "ASEDataset") {
        refuse(path + "_target_ (" + target(dataset) + ")");
        return nullptr;
    }
    follow(dataset, dataset_rules(), path);
    for (const Tree& transform : each_of(dataset.find("transforms"))) this->transform(transform, path + "transforms");
    if (found("data.format") == nullptr) put_ase_args(block(dataset, "ase_args", path), path + "ase_args");
    if (found("data.energy_key") == nullptr && found("data.forces_key") == nullptr)
        put_key_mapping(block(dataset, "key_mapping", path), path + "key_mapping");
    return dataset.find("file_path");
}

void NequipBlocks::batches(const Tree& trainer) {
    const auto times = whole(trainer, "accumulate_grad_batches", "trainer.", 1);
    if (!times || *times == 1) return;
    const auto batch = number_of(found("training.batch_size"));
    if (!batch) return refuse("trainer.accumulate_grad_batches");
    const double together = *batch * static_cast<double>(*times);
    replace("training.batch_size", plain_value(fmt::format("{}", together)));
    note(fmt::format("trainer.accumulate_grad_batches: batches of {:g} frames instead", together));
}

void NequipBlocks::trainer() {
    const Tree& trainer = block(input_, "trainer", "");
    follow(trainer, trainer_rules(), "trainer.");
    const auto limit = [&](const char* key, const char* place) {
        const auto count = whole(trainer, key, "trainer.", -1);  // -1: none
        if (count.value_or(0) > 0) put(place, *trainer.find(key), std::string("trainer.") + key);
        return count;
    };
    const auto epochs = limit("max_epochs", "training.max_epochs"), steps = limit("max_steps", "training.numb_steps");
    const bool timed = time_limit(trainer);
    if (epochs.value_or(1) <= 0 && !timed && steps.value_or(0) <= 0) refuse("trainer.max_epochs (a run without an end)");
    // What Lightning does where no limit is given.
    if (!epochs && !steps && !timed) put("training.max_epochs", plain_value("1000"), "trainer.max_epochs");
    if (const Tree* clip = trainer.find("gradient_clip_val"); !is_null(clip))
        put("training.gradient_clip", *clip, "trainer.gradient_clip_val");
    if (const Tree* how = trainer.find("gradient_clip_algorithm"); !is_null(how) && !says(how, "norm"))
        refuse("trainer.gradient_clip_algorithm (" + shown(*how) + ")");
    for (const char* key : {"limit_train_batches", "limit_val_batches"})
        if (const Tree* limit = trainer.find(key); !is_null(limit) && limit->scalar != "1.0") refuse(std::string("trainer.") + key);
    for (const Tree& each : each_of(trainer.find("callbacks"))) callback(each);
}

bool NequipBlocks::time_limit(const Tree& trainer) {
    const Tree* time = trainer.find("max_time");
    if (is_null(time)) return false;
    std::optional<double> seconds;
    if (time->type == Tree::Type::map) {
        const std::string path = "trainer.max_time.";
        follow(*time, {{"weeks", read}, {"days", read}, {"hours", read}, {"minutes", read}, {"seconds", read}}, path);
        double total = 0;
        for (const auto& [name, unit] :
             {std::pair{"weeks", 604800.0}, {"days", 86400.0}, {"hours", 3600.0}, {"minutes", 60.0}, {"seconds", 1.0}})
            total += unit * number(*time, name, path).value_or(0);
        if (total > 0) seconds = total;
    } else {
        seconds = seconds_of(time->scalar);
    }
    if (seconds && *seconds > 0)
        put("training.max_seconds", number_value(*seconds), "trainer.max_time");
    else
        refuse("trainer.max_time (" + shown(*time) + ")");
    return true;
}

void NequipBlocks::callback(const Tree& tree) {
    const std::string name = target(tree), path = "trainer.callbacks (" + name + ")";
    if (name.empty()) return refuse("trainer.callbacks (without _target_)");
    if (name == "EarlyStopping") {
        follow(tree, early_stopping_rules(), path + ".");
        if (word(tree, "mode", path + ".").value_or("min") != "min") refuse(path + ".mode");
        const Tree* patience = tree.find("patience");
        put("training.patience", is_null(patience) ? plain_value("3") : *patience, path);
        note("EarlyStopping goes by the validation loss, the sum with the weights of the loss");
        if (number(tree, "min_delta", path + ".").value_or(0) != 0) idle(path + ".min_delta");
        return;
    }
    // Those change what is learned.
    for (const char* other : {"LossCoefficientScheduler", "LinearLossCoefficientScheduler", "SoftAdapt", "StochasticWeightAveraging",
                              "WeightAveraging", "EMAWeightAveraging", "NeMoEMA", "GradientAccumulationScheduler"})
        if (name == other) return refuse(path);
    idle(path);
}

void NequipBlocks::average(const Tree& module) {
    const std::string name = target(module);
    const Tree* decay = module.find("ema_decay");
    if (name == "EMALightningModule")
        put("training.ema_decay", is_null(decay) ? plain_value("0.999") : *decay, "training_module.ema_decay");
    else if (name == "NequIPLightningModule" || name.empty())
        put("training.ema_decay", plain_value("0"), "training_module");
    if (name == "NequIPLightningModule" && !is_null(decay)) refuse("training_module.ema_decay (without EMALightningModule)");
    if (name != "EMALightningModule" && name != "NequIPLightningModule" && !name.empty()) refuse("training_module._target_ (" + name + ")");
}

void NequipBlocks::loss(const Tree& tree) {
    const std::string whole = "training_module.loss", path = whole + ".", name = target(tree);
    const bool stress = name == "EnergyForceStressLoss", forces = stress || name == "EnergyForceLoss",
               energy = forces || name == "EnergyOnlyLoss";
    Terms terms;
    if (energy) {
        follow(tree,
               {{"_target_", read},
                {"coeffs", read},
                {"per_atom_energy", read},
                {"ignore_nan", read},
                {"per_type_forces_coeffs", only_neutral},
                {"extra_metrics", only_neutral},
                {"type_names", without_effect}},
               path);
        const Tree& given = block(tree, "coeffs", path);
        follow(given, field_rules(), path + "coeffs.");
        follow(block(tree, "ignore_nan", path), field_rules(), path + "ignore_nan.");
        const auto coefficient = [&](const char* key, bool has) {
            const auto value = number(given, key, path + "coeffs.");
            if (!has && value.value_or(0) != 0) refuse(path + "coeffs." + key + " (not a term of " + name + ")");
            return !has ? 0.0 : given.entries.empty() ? 1.0 : value.value_or(0);
        };
        terms = {coefficient("total_energy", true), coefficient("forces", forces), coefficient("stress", stress), {}};
        if (!truth(tree, "per_atom_energy", path).value_or(true)) whole_energies(path + "per_atom_energy");
    } else if (name == "MetricsManager") {
        follow(tree, {{"_target_", read}, {"metrics", read}, {"type_names", without_effect}}, path);
        for (const Tree& metric : each_of(tree.find("metrics"))) term(metric, path + "metrics", terms);
    } else {
        refuse(path + "_target_ (" + (name.empty() ? "missing" : name) + ")");
        return;
    }
    const double sum = terms.energy + terms.forces + terms.stress;
    if (!(sum > 0)) return refuse(path + "coeffs (all zero)");
    const std::string place = "training.loss_coeffs.";
    put(place + "total_energy", number_value(terms.energy / sum), whole);  // nequip makes their sum 1
    put(place + "forces", number_value(terms.forces / sum), whole);
    put(place + "stress", number_value(terms.stress / sum), whole);
    put("training.loss_type", text_value(terms.huber_delta ? "huber" : "mse"), whole);
    if (terms.huber_delta) put("training.huber_delta", number_value(*terms.huber_delta), whole);
}

void NequipBlocks::whole_energies(const std::string& path) {
    note(path +
         ": the energy counts per atom here, where nequip was asked to take it whole: raise its weight by about the square of the "
         "number of atoms for the same loss");
}

void NequipBlocks::term(const Tree& metric, const std::string& path, Terms& terms) {
    if (metric.type != Tree::Type::map) fail(path, "a list of blocks", metric);
    follow(metric,
           {{"name", read},
            {"field", read},
            {"coeff", read},
            {"metric", read},
            {"per_type", only_neutral},
            {"per_type_coeffs", only_neutral},
            {"ignore_nan", read}},
           path + ".");
    const Tree* field = metric.find("field");
    const double coefficient = number(metric, "coeff", path + ".").value_or(0);
    if (is_null(field) || coefficient == 0) return;
    const bool per_atom = target(*field) == "PerAtomModifier";
    if (field->type == Tree::Type::map) follow(*field, modifier_rules(), path + ".field.");
    const std::string what = field->type == Tree::Type::scalar ? field->scalar
                             : is_null(field->find("field"))   ? ""
                                                               : field->find("field")->scalar;
    double* slot = what == "total_energy" ? &terms.energy : what == "forces" ? &terms.forces : what == "stress" ? &terms.stress : nullptr;
    if (slot == nullptr || (field->type == Tree::Type::map && !per_atom))
        return refuse(path + " (" + (what.empty() ? "other field" : what) + ")");
    *slot += coefficient;
    if (what == "total_energy" && !per_atom) whole_energies(path);
    const Tree* form = metric.find("metric");
    const std::string kind = is_null(form) ? "" : target(*form);
    if (!is_null(form)) follow(*form, {{"_target_", read}, {"delta", read}, {"reduction", read}}, path + ".metric.");
    if (kind == "HuberLoss") {
        const auto delta = number(*form, "delta", path + ".metric.");
        if (word(*form, "reduction", path + ".metric.").value_or("mean") != "mean") return refuse(path + ".metric.reduction");
        if (terms.huber_delta && terms.huber_delta != delta.value_or(1)) return refuse(path + " (different deltas of HuberLoss)");
        terms.huber_delta = delta.value_or(1);
    } else if (kind != "MeanSquaredError") {
        return refuse(path + " (" + kind + ")");
    }
    if (!terms.form.empty() && terms.form != kind) refuse(path + " (" + terms.form + " and " + kind + ")");
    terms.form = kind;
}

void NequipBlocks::optimizer(const Tree& tree) {
    const std::string path = "training_module.optimizer.";
    follow(tree,
           {{"_target_", read},
            {"lr", moved, "training.lr"},
            {"betas", read},
            {"eps", read},
            {"weight_decay", read},
            {"amsgrad", read},
            {"fused", without_effect},
            {"foreach", without_effect},
            {"capturable", without_effect},
            {"differentiable", without_effect},
            {"maximize", only_neutral},
            {"params", only_neutral}},
           path);
    put_default("training.lr", plain_value("0.001"));
    put_optimizer({target(tree).empty() ? "Adam" : target(tree), path + "_target_", tree.find("betas"), tree.find("eps"),
                   tree.find("weight_decay"), truth(tree, "amsgrad", path).value_or(false)});
}

}  // namespace alkali::training
