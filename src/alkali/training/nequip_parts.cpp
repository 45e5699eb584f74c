#include "alkali/training/nequip_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "alkali/base/error.hpp"

namespace alkali::training {

using config::Tree;

std::string target(const Tree& tree) {
    const Tree* given = tree.find("_target_");
    if (is_null(given) || given->type != Tree::Type::scalar) return {};
    const auto dot = given->scalar.rfind('.');
    return dot == std::string::npos ? given->scalar : given->scalar.substr(dot + 1);
}

std::vector<Tree> each_of(const Tree* tree) {
    if (is_null(tree)) return {};
    return tree->type == Tree::Type::list ? tree->items : std::vector<Tree>{*tree};
}

Tree NequipTranslation::per_type(const Tree& given) const {
    if (given.type != Tree::Type::list) return given;
    const Tree* names = found("model.type_names");
    if (given.items.size() == 1 && (names == nullptr || names->items.size() != 1)) return given.items[0];
    if (names == nullptr || names->items.size() != given.items.size())
        throw InputError("a list of values for the types has another length than the list of types", file().string());
    Tree table{Tree::Type::map, {}, false, given.line, {}, {}};
    for (std::size_t t = 0; t < given.items.size(); ++t) table.entries.push_back({names->items[t].scalar, given.line, given.items[t]});
    return table;
}

void NequipTranslation::settle_precision() {
    if (found("model.model_dtype") == nullptr) put("model.model_dtype", text_value("mixed"), "model_dtype");
    if (!says(found("model.model_dtype"), "float32")) return;
    replace("model.model_dtype", text_value("mixed"));
    note("float32 is read as mixed: positions, energies of atoms and sums in float64");
}

void NequipTranslation::put_neighbours(const Tree* given, const std::string& key) {
    if (is_null(given)) return put("model.avg_num_neighbors", given == nullptr ? text_value("auto") : plain_value("1.0"), key);
    put("model.avg_num_neighbors", per_type(*given), key);
}

void NequipTranslation::put_parts(const Parts& parts, const std::string& key) {
    if (!parts.train || !parts.validation) {
        refuse(key + " (without both train and val)");
        return;
    }
    const double used = *parts.train + *parts.validation;
    if (*parts.train <= 0 || *parts.validation < 0) {
        refuse(key + " (nothing to train on)");
        return;
    }
    const bool shares = used <= 1 + 1e-9 && *parts.train < 1;
    if (shares && used < 1 - 1e-9) put("data.use", number_value(used), key);
    if (!shares) put("data.use", number_value(used), key);
    put("data.validation", number_value(*parts.validation / used), key);
    note("training and validation frames are drawn by alkali's own rule, not nequip's");
}

void NequipTranslation::put_key_mapping(const Tree& mapping, const std::string& key) {
    static const std::map<std::string, std::string> places{{"total_energy", "data.energy_key"}, {"energy", "data.energy_key"},
                                                           {"forces", "data.forces_key"},       {"stress", "data.stress_key"},
                                                           {"virial", "data.virial_key"},       {"virials", "data.virial_key"}};
    for (const auto& entry : mapping.entries) {
        const auto place = places.find(entry.value.scalar);
        if (place == places.end())
            idle(key + "." + entry.key);
        else
            put(place->second, text_value(entry.key), key + "." + entry.key);
    }
}

void NequipTranslation::put_ase_args(const Tree& arguments, const std::string& key) {
    static const std::map<std::string, std::string> formats{{"extxyz", "extxyz"},
                                                            {"xyz", "extxyz"},
                                                            {"vasp-out", "outcar"},
                                                            {"vasp-xml", "vasprun"},
                                                            {"vasp", "poscar"},
                                                            {"lammps-data", "lammps-data"},
                                                            {"lammps-dump-text", "lammps-dump"}};
    for (const auto& entry : arguments.entries) {
        const auto format = formats.find(entry.value.scalar);
        const bool all = entry.key == "index" && (is_null(&entry.value) || says(&entry.value, ":"));
        if (entry.key == "format" && format != formats.end())
            put("data.format", text_value(format->second), key + ".format");
        else if (!all)
            refuse(key + "." + entry.key + " (" + shown(entry.value) + ")");
    }
}

void NequipTranslation::put_optimizer(const Optimizer& optimizer) {
    const bool adamw = optimizer.name == "AdamW";
    if (!adamw && optimizer.name != "Adam") {
        refuse(optimizer.key + " (" + optimizer.name + ")");
        return;
    }
    put("training.optimizer", text_value(adamw ? "adamw" : "adam"), optimizer.key);
    put("training.amsgrad", plain_value(optimizer.amsgrad ? "true" : "false"), optimizer.key);
    if (!is_null(optimizer.eps)) put("training.epsilon", *optimizer.eps, optimizer.key);
    put("training.weight_decay", is_null(optimizer.weight_decay) ? plain_value(adamw ? "0.01" : "0.0") : *optimizer.weight_decay,
        optimizer.key);
    if (is_null(optimizer.betas)) return;
    if (optimizer.betas->items.size() != 2) {
        refuse(optimizer.key + " (betas)");
        return;
    }
    put("training.beta1", optimizer.betas->items[0], optimizer.key);
    put("training.beta2", optimizer.betas->items[1], optimizer.key);
}

void NequipTranslation::put_plateau(const Tree* factor, const Tree* patience, std::optional<double> least_rate) {
    const std::string place = "training.lr_schedule.";
    put(place + "type", text_value("plateau"), place);
    put(place + "factor", is_null(factor) ? plain_value("0.1") : *factor, place);
    put(place + "patience", is_null(patience) ? plain_value("10") : *patience, place);
    put(place + "warmup", plain_value("0"), place);
    const double least = least_rate.value_or(0);
    put("training.stop_lr", number_value(least > 0 ? least : 1e-10), place);
}

void NequipTranslation::put_constant_rate() {
    put("training.lr_schedule.type", text_value("constant"), "training.lr_schedule");
    put("training.lr_schedule.warmup", plain_value("0"), "training.lr_schedule");
}

}  // namespace alkali::training
