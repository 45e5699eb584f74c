#include "alkali/training/nequip_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/training/interpolation.hpp"
#include "alkali/training/nequip_keys.hpp"

namespace alkali::training {
namespace {

using config::Tree;
using enum KeyFate;
using namespace nequip_keys;

bool is_zero_or_less(const Tree* tree) { return number_of(tree).value_or(1) <= 0; }

/// The last word of the value of _target_: "ASEDataModule".
std::string target(const Tree& tree) {
    const Tree* given = tree.find("_target_");
    if (is_null(given) || given->type != Tree::Type::scalar) return {};
    const auto dot = given->scalar.rfind('.');
    return dot == std::string::npos ? given->scalar : given->scalar.substr(dot + 1);
}

/// One value, or all of a list.
std::vector<Tree> each_of(const Tree* tree) {
    if (is_null(tree)) return {};
    return tree->type == Tree::Type::list ? tree->items : std::vector<Tree>{*tree};
}

/// "DD:HH:MM:SS" or a block of days, hours, minutes, seconds.
std::optional<double> seconds_of(const Tree& time) {
    constexpr double units[] = {86400, 3600, 60, 1};
    if (time.type == Tree::Type::map) {
        double total = 0;
        for (const auto& [name, unit] :
             {std::pair{"weeks", 604800.0}, {"days", 86400.0}, {"hours", 3600.0}, {"minutes", 60.0}, {"seconds", 1.0}})
            total += unit * number_of(time.find(name)).value_or(0);
        return total > 0 ? std::optional(total) : std::nullopt;
    }
    std::vector<double> parts;
    const std::string& text = time.scalar;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto colon = std::min(text.find(':', begin), text.size());
        double value = 0;
        const auto [end, failure] = std::from_chars(text.data() + begin, text.data() + colon, value);
        if (failure != std::errc{} || end != text.data() + colon) return std::nullopt;
        parts.push_back(value);
        begin = colon + 1;
    }
    if (parts.size() != 4) return std::nullopt;
    double total = 0;
    for (std::size_t k = 0; k < 4; ++k) total += parts[k] * units[k];
    return total > 0 ? std::optional(total) : std::nullopt;
}

/// Whether frames may lack labels of the loss.
bool ignores_missing(const Tree& loss) {
    for (const Tree& metric : each_of(loss.find("metrics")))
        if (is_true(metric.find("ignore_nan"))) return true;
    const Tree* fields = loss.find("ignore_nan");
    return !is_null(fields) &&
           std::any_of(fields->entries.begin(), fields->entries.end(), [](const auto& entry) { return is_true(&entry.value); });
}

/// nequip's named sizes of PresetNequIPGNNModel.
struct Preset {
    const char *name, *num_layers, *l_max;
    std::vector<const char*> num_features;
};

}  // namespace

Tree NequipBlocks::result(base::LogSink& log) {
    run();
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
    if (const Tree* derivatives = given->find("do_derivatives"); derivatives != nullptr && !is_true(derivatives))
        refuse(path + "do_derivatives (false)");
    if (const Tree* own = given->find("convnet_sc"); own != nullptr && !is_true(own)) refuse(path + "convnet_sc (false)");
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
        const std::string kind = target(*of), per = is_true(metric.find("per_type")) ? " per_type" : "";
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
    reading(data, "data.");
    frames(data);
    put("data.missing", text_value(masks_ || ignores_missing(block(block(input_, "training_module", ""), "loss", "")) ? "mask" : "error"),
        "data");
    for (const char* key : {"train_dataloader", "train_dataloader_kwargs"}) {
        const Tree& loader = block(data, key, "data.");
        follow(loader, loader_rules(), std::string("data.") + key + ".");
        if (const Tree* shuffle = loader.find("shuffle"); shuffle != nullptr && !is_true(shuffle))
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

void NequipBlocks::transform(const Tree& tree, const std::string& path) {
    const std::string name = target(tree);
    if (name == "ChemicalSpeciesToAtomTypeMapper") {
        for (const char* key : {"chemical_symbols", "model_type_names"})
            if (const Tree* names = tree.find(key); !is_null(names) && !same_types(*names))
                refuse(path + "." + key + " (others than the model's type_names)");
        const Tree& map = block(tree, "chemical_species_to_atom_type_map", path + ".");
        if (std::any_of(map.entries.begin(), map.entries.end(), [](const auto& entry) { return !says(&entry.value, entry.key); }))
            refuse(path + ".chemical_species_to_atom_type_map (types that are no elements)");
    } else if (name == "NeighborListTransform" || name == "SortedNeighborListTransform") {
        const auto reach = number_of(tree.find("r_max")), cutoff = number_of(found("model.r_max"));
        if (reach && cutoff && *reach < *cutoff)
            refuse(fmt::format("{}.r_max ({:g}, shorter than the model's {:g})", path, *reach, *cutoff));
        if (const Tree* cutoffs = tree.find("per_edge_type_cutoff"); !is_null(cutoffs)) refuse(path + ".per_edge_type_cutoff");
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
    const auto parts_of = [](const Tree& split) {
        return std::array{number_of(split.find("train")), number_of(split.find("val")), number_of(split.find("test"))};
    };
    for (const Tree& split : splits) {
        const Tree* path = split.find("dataset") != nullptr ? dataset_path(*split.find("dataset"), "data.split_dataset.dataset.")
                                                            : split.find("file_path");
        add(train, path, "data.split_dataset.file_path");
        const auto parts = parts_of(split);
        if (parts != parts_of(splits[0]) || (splits.size() > 1 && parts[0].value_or(0) >= 1))
            refuse("data.split_dataset (several, not all with the same shares)");
        if (&split != &splits[0]) continue;
        put_parts({parts[0], parts[1], parts[2]}, "data.split_dataset");
        if (parts[2]) note("the test part of data.split_dataset is left out of the training");
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
    const auto times = number_of(trainer.find("accumulate_grad_batches"));
    if (!times || *times == 1) return;
    const auto batch = number_of(found("training.batch_size"));
    if (!batch || *times < 1) return refuse("trainer.accumulate_grad_batches");
    replace("training.batch_size", plain_value(fmt::format("{:.0f}", *batch * *times)));
    note(fmt::format("trainer.accumulate_grad_batches: batches of {:.0f} frames instead", *batch * *times));
}

void NequipBlocks::trainer() {
    const Tree& trainer = block(input_, "trainer", "");
    follow(trainer, trainer_rules(), "trainer.");
    const Tree *epochs = trainer.find("max_epochs"), *steps = trainer.find("max_steps"), *time = trainer.find("max_time");
    if (!is_null(epochs) && !is_zero_or_less(epochs)) put("training.max_epochs", *epochs, "trainer.max_epochs");
    if (!is_null(steps) && !is_zero_or_less(steps)) put("training.numb_steps", *steps, "trainer.max_steps");
    if (!is_null(time)) {
        const auto seconds = seconds_of(*time);
        if (seconds)
            put("training.max_seconds", number_value(*seconds), "trainer.max_time");
        else
            refuse("trainer.max_time (" + shown(*time) + ")");
    }
    if (!is_null(epochs) && is_zero_or_less(epochs) && is_null(time) && (is_null(steps) || is_zero_or_less(steps)))
        refuse("trainer.max_epochs (a run without an end)");
    // What Lightning does where no limit is given.
    if (is_null(epochs) && is_null(steps) && is_null(time)) put("training.max_epochs", plain_value("1000"), "trainer.max_epochs");
    if (const Tree* clip = trainer.find("gradient_clip_val"); !is_null(clip))
        put("training.gradient_clip", *clip, "trainer.gradient_clip_val");
    if (const Tree* how = trainer.find("gradient_clip_algorithm"); !is_null(how) && !says(how, "norm"))
        refuse("trainer.gradient_clip_algorithm (" + shown(*how) + ")");
    for (const char* key : {"limit_train_batches", "limit_val_batches"})
        if (const Tree* limit = trainer.find(key); !is_null(limit) && limit->scalar != "1.0") refuse(std::string("trainer.") + key);
    for (const Tree& each : each_of(trainer.find("callbacks"))) callback(each);
}

void NequipBlocks::callback(const Tree& tree) {
    const std::string name = target(tree), path = "trainer.callbacks (" + name + ")";
    if (name == "EarlyStopping") {
        const Tree* patience = tree.find("patience");
        put("training.patience", is_null(patience) ? plain_value("3") : *patience, path);
        note("EarlyStopping goes by the validation loss, the sum with the weights of the loss");
        for (const char* key : {"stopping_threshold", "divergence_threshold"})
            if (!is_null(tree.find(key))) idle(path + "." + key);
        if (const auto delta = number_of(tree.find("min_delta")); delta.value_or(0) != 0) idle(path + ".min_delta");
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
    else
        refuse("training_module._target_ (" + name + ")");
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
        follow(given, {{"total_energy", read}, {"forces", read}, {"stress", read}}, path + "coeffs.");
        const auto coefficient = [&](const char* key, bool has) {
            if (!has) return 0.0;
            const Tree* value = given.find(key);
            return given.entries.empty() ? 1.0 : number_of(value).value_or(0);
        };
        terms = {coefficient("total_energy", true), coefficient("forces", forces), coefficient("stress", stress), {}};
        if (const Tree* per_atom = tree.find("per_atom_energy"); per_atom != nullptr && !is_true(per_atom))
            whole_energies(path + "per_atom_energy");
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
    const double coefficient = number_of(metric.find("coeff")).value_or(0);
    if (is_null(field) || coefficient == 0) return;
    const bool per_atom = target(*field) == "PerAtomModifier";
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
    if (kind == "HuberLoss") {
        const auto delta = number_of(form->find("delta"));
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
                   tree.find("weight_decay"), tree.find("amsgrad")});
}

void NequipBlocks::schedule(const Tree& tree) {
    const std::string path = "training_module.lr_scheduler.";
    follow(tree,
           {{"scheduler", read},
            {"monitor", without_effect},
            {"interval", read},
            {"frequency", read},
            {"strict", without_effect},
            {"name", without_effect},
            {"reduce_on_plateau", without_effect}},
           path);
    const Tree& scheduler = block(tree, "scheduler", path);
    const std::string name = target(scheduler);
    if (name.empty()) return put_constant_rate();
    const double every = number_of(tree.find("frequency")).value_or(1);
    const bool steps = says(tree.find("interval"), "step");
    if (name == "ReduceLROnPlateau") {
        if (steps || every != 1) return refuse(path + "interval");
        for (const char* key : {"threshold", "threshold_mode", "cooldown", "eps", "mode"})
            if (!is_null(scheduler.find(key))) idle(path + "scheduler." + key);
        return put_plateau(scheduler.find("factor"), scheduler.find("patience"), scheduler.find("min_lr"));
    }
    // The length of the run in the unit of the schedule.
    const auto length = number_of(found(steps ? "training.numb_steps" : "training.max_epochs"));
    if (name == "ConstantLR" && number_of(scheduler.find("factor")) == std::optional<double>(1)) return put_constant_rate();
    if (name == "CosineAnnealingLR") return cosine(scheduler, length, 0, path + "scheduler");
    if (name == "SequentialLR") return after_warmup(scheduler, length, path + "scheduler");
    if (name == "ExponentialLR" || name == "StepLR") return decay(scheduler, length, steps, every, path + "scheduler");
    refuse(path + "scheduler._target_ (" + name + ")");
}

void NequipBlocks::cosine(const Tree& scheduler, std::optional<double> length, double warmup, const std::string& path) {
    const double lr = number_of(found("training.lr")).value_or(0.001), least = number_of(scheduler.find("eta_min")).value_or(0);
    put("training.lr_schedule.type", text_value("cosine"), path);
    put("training.lr_schedule.warmup", number_value(length ? warmup / *length : 0), path);
    put("training.stop_lr", number_value(least > 0 ? least : 1e-6 * lr), path);
    const auto period = number_of(scheduler.find("T_max"));
    if (period && length && std::abs(*period + warmup - *length) > 0.5)
        note(fmt::format("{}: the rate falls over the whole run, not over T_max ({:g})", path, *period));
}

void NequipBlocks::after_warmup(const Tree& scheduler, std::optional<double> length, const std::string& path) {
    const auto parts = each_of(scheduler.find("schedulers"));
    const auto milestones = each_of(scheduler.find("milestones"));
    if (parts.size() != 2 || milestones.size() != 1 || target(parts[0]) != "LinearLR" || target(parts[1]) != "CosineAnnealingLR" || !length)
        return refuse(path + " (SequentialLR of others than LinearLR and CosineAnnealingLR over a known length)");
    const double warmup = number_of(&milestones[0]).value_or(0), lr = number_of(found("training.lr")).value_or(0.001);
    if (!(warmup >= 0 && warmup <= 0.5 * *length)) return refuse(path + ".milestones");
    cosine(parts[1], length, warmup, path);
    put("training.lr_schedule.warmup_start", number_value(lr * number_of(parts[0].find("start_factor")).value_or(1.0 / 3)), path);
}

void NequipBlocks::decay(const Tree& scheduler, std::optional<double> length, bool steps, double every, const std::string& path) {
    const bool exponential = target(scheduler) == "ExponentialLR";
    const auto factor = number_of(scheduler.find("gamma"));
    const double interval = exponential ? 1 : number_of(scheduler.find("step_size")).value_or(0);
    const double gamma = factor.value_or(exponential ? 0 : 0.1), lr = number_of(found("training.lr")).value_or(0.001);
    if (!(gamma > 0 && gamma <= 1) || interval < 1) return refuse(path);
    put("training.lr_schedule.type", text_value("exponential"), path);
    put("training.lr_schedule.warmup", plain_value("0"), path);
    if (steps) {
        put("training.lr_schedule.decay_rate", number_value(gamma), path);
        put("training.decay_steps", plain_value(fmt::format("{:.0f}", interval * every)), path);
        put("training.stop_lr", plain_value("1e-12"), path);
        return;
    }
    if (!length) return refuse(path + " (by epochs, without trainer.max_epochs)");
    put("training.stop_lr", number_value(std::max(1e-12, lr * std::pow(gamma, std::floor(*length / (interval * every))))), path);
    if (interval * every > 1) note(path + ": the rate falls with every step instead of by stairs");
}

}  // namespace alkali::training
