#include "alkali/training/nequip_flat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/training/nequip_keys.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::training {
namespace {

using config::Tree;
using namespace nequip_keys;

/// One term of e3nn's notation: 16x1o.
struct Irrep {
    int channels = 1, l = 0;
    char parity = 'e';
};

std::optional<std::vector<Irrep>> irreps_of(std::string text) {
    std::erase(text, ' ');
    std::vector<Irrep> irreps;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto plus = std::min(text.find('+', begin), text.size());
        const std::string term = text.substr(begin, plus - begin);
        Irrep irrep;
        const auto times = term.find('x');
        const char* at = term.data() + (times == std::string::npos ? 0 : times + 1);
        const char* end = term.data() + term.size();
        if (times != std::string::npos) {
            const char* number_end = term.data() + times;
            const auto [stop, failure] = std::from_chars(term.data(), number_end, irrep.channels);
            if (failure != std::errc{} || stop != number_end) return std::nullopt;
        }
        const auto [stop, failure] = std::from_chars(at, end, irrep.l);
        if (failure != std::errc{} || end - stop != 1 || (*stop != 'e' && *stop != 'o') || irrep.channels < 1 || irrep.l < 0 ||
            irrep.l > 20)
            return std::nullopt;
        irrep.parity = *stop;
        irreps.push_back(irrep);
        begin = plus + 1;
    }
    return irreps;
}

char natural_parity(int l) { return l % 2 == 0 ? 'e' : 'o'; }

Tree list_of(const std::vector<int>& numbers) {
    Tree list{Tree::Type::list, {}, false, 0, {}, {}};
    for (const int number : numbers) list.items.push_back(plain_value(std::to_string(number)));
    return list;
}

}  // namespace

Tree NequipFlat::result(base::LogSink& log) {
    follow(input_, flat_rules(), "");
    put("model.type", text_value("nequip"), "model");
    types();
    irreps();
    network();
    builders();
    scales_and_shifts();
    data();
    loss();
    put_default("training.lr", plain_value("0.01"));
    put_default("training.batch_size", plain_value("5"));
    put_default("training.max_epochs", plain_value("1000000"));
    put_optimizer({is_null(given("optimizer_name")) ? "Adam" : given("optimizer_name")->scalar, "optimizer_name", given("optimizer_betas"),
                   given("optimizer_eps"), given("optimizer_weight_decay"), truth(input_, "optimizer_amsgrad", "").value_or(false)});
    if (const auto norm = number(input_, "max_gradient_norm", ""); norm && *norm > 0)
        put("training.gradient_clip", number_value(*norm), "max_gradient_norm");
    const auto decay = number(input_, "ema_decay", "");
    const bool averages = truth(input_, "use_ema", "").value_or(false);
    if (decay && !averages) idle("ema_decay (without use_ema)");
    put("training.ema_decay", number_value(averages ? decay.value_or(0.999) : 0), "ema_decay");
    schedule();
    stopping();
    return finish({"a training config of nequip 0.6"}, log);
}

void NequipFlat::types() {
    Tree names{Tree::Type::list, {}, false, 0, {}, {}};
    if (const Tree* symbols = given("chemical_symbols"); !is_null(symbols)) {
        // nequip orders these types by atomic number.
        if (symbols->type != Tree::Type::list) fail("chemical_symbols", "a list", *symbols);
        std::vector<std::string> sorted;
        for (const Tree& each : symbols->items) sorted.push_back(each.scalar);
        std::stable_sort(sorted.begin(), sorted.end(),
                         [](const std::string& a, const std::string& b) { return units::atomic_number(a) < units::atomic_number(b); });
        for (const auto& symbol : sorted) names.items.push_back(text_value(symbol));
    } else if (const Tree* numbers = given("chemical_symbol_to_type"); !is_null(numbers)) {
        if (numbers->type != Tree::Type::map) fail("chemical_symbol_to_type", "a block", *numbers);
        std::map<double, std::string> order;
        for (const auto& entry : numbers->entries)
            order[static_cast<double>(whole(*numbers, entry.key, "chemical_symbol_to_type.", 0).value_or(0))] = entry.key;
        if (order.size() != numbers->entries.size() ||
            (!order.empty() && (order.begin()->first != 0 || std::prev(order.end())->first + 1 != static_cast<double>(order.size()))))
            throw InputError("chemical_symbol_to_type does not count the types 0, 1, 2, ...", file().string());
        for (const auto& [number, symbol] : order) names.items.push_back(text_value(symbol));
    } else if (const Tree* list = given("type_names"); !is_null(list)) {
        names = *list;
    } else {
        return refuse("chemical_symbols (missing)");
    }
    put("model.type_names", std::move(names), "chemical_symbols");
}

void NequipFlat::irreps() {
    const Tree *hidden = given("feature_irreps_hidden"), *edges = given("irreps_edge_sh");
    if (is_null(hidden)) {
        for (const auto& [key, absent] : {std::pair{"l_max", "1"}, {"parity", "true"}, {"num_features", "32"}})
            put(std::string("model.") + key, is_null(given(key)) ? plain_value(absent) : *given(key), key);
        if (!is_null(edges)) refuse("irreps_edge_sh (without feature_irreps_hidden)");
        return;
    }
    for (const char* key : {"l_max", "parity", "num_features"})
        if (!is_null(given(key))) refuse(std::string(key) + " (beside feature_irreps_hidden)");
    const auto features = irreps_of(hidden->scalar);
    if (!features) return refuse("feature_irreps_hidden (" + shown(*hidden) + ")");
    int l_max = 0;
    bool both = false;
    for (const auto& each : *features) {
        l_max = std::max(l_max, each.l);
        both = both || each.parity != natural_parity(each.l);
    }
    std::vector<int> channels(static_cast<std::size_t>(l_max) + 1, 0);
    std::size_t parts = 0;
    for (const auto& each : *features) {
        int& here = channels[static_cast<std::size_t>(each.l)];
        if (here != 0 && here != each.channels) return refuse("feature_irreps_hidden (different numbers of features of the two parities)");
        here = each.channels;
        ++parts;
    }
    if (parts != channels.size() * (both ? 2 : 1) || std::find(channels.begin(), channels.end(), 0) != channels.end())
        return refuse("feature_irreps_hidden (" + hidden->scalar + ": not every l up to the highest)");
    put("model.l_max", plain_value(std::to_string(l_max)), "feature_irreps_hidden");
    put("model.parity", plain_value(both ? "true" : "false"), "feature_irreps_hidden");
    put("model.num_features", list_of(channels), "feature_irreps_hidden");
    if (!is_null(edges)) {
        int highest = -1;
        if (number_of(edges)) highest = static_cast<int>(std::min<std::int64_t>(100, *whole(input_, "irreps_edge_sh", "", 0)));
        if (const auto list = irreps_of(edges->scalar); list && highest < 0)
            for (const auto& each : *list) highest = std::max(highest, each.l);
        if (highest != l_max) refuse(fmt::format("irreps_edge_sh ({}, where the features reach l = {})", shown(*edges), l_max));
    }
    if (const Tree* embedding = given("chemical_embedding_irreps_out"); !is_null(embedding)) {
        const auto list = irreps_of(embedding->scalar);
        if (!list || list->size() != 1 || (*list)[0].l != 0)
            refuse("chemical_embedding_irreps_out (" + shown(*embedding) + ")");
        else
            put("model.type_embed_num_features", plain_value(std::to_string((*list)[0].channels)), "chemical_embedding_irreps_out");
    }
}

void NequipFlat::network() {
    put_default("model.num_layers", plain_value("3"));
    put_default("model.num_bessels", plain_value("8"));
    put_default("model.bessel_trainable", plain_value("true"));
    put_default("model.polynomial_cutoff_p", plain_value("6"));
    put_default("model.radial_mlp_depth", plain_value("1"));
    put_default("model.radial_mlp_width", plain_value("8"));
    if (const Tree* dtype = given("model_dtype"); !is_null(dtype)) {
        if (found("model.model_dtype") != nullptr)
            replace("model.model_dtype", *dtype);
        else
            put("model.model_dtype", *dtype, "model_dtype");
    }
    settle_precision();
    put_neighbours(given("avg_num_neighbors"), "avg_num_neighbors");
    if (const Tree* type = given("nonlinearity_type"); !is_null(type) && !says(type, "gate"))
        refuse("nonlinearity_type (" + shown(*type) + ")");
    for (const char* key : {"nonlinearity_scalars", "nonlinearity_gates"}) {
        const Tree& functions = block(input_, key, "");
        follow(functions, {{"e", KeyFate::read}, {"o", KeyFate::read}}, std::string(key) + ".");
        const Tree *even = functions.find("e"), *odd = functions.find("o");
        if ((!is_null(even) && !says(even, "silu")) || (!is_null(odd) && !says(odd, "tanh")))
            refuse(std::string(key) + " (others than silu, tanh)");
    }
    if (!truth(input_, "use_sc", "").value_or(true)) refuse("use_sc (false)");
}

void NequipFlat::builders() {
    const Tree* list = given("model_builders");
    bool pair = false;
    if (!is_null(list) && list->type != Tree::Type::list) fail("model_builders", "a list", *list);
    for (const Tree& each : is_null(list) ? std::vector<Tree>{} : list->items) {
        pair = pair || each.scalar == "PairPotentialTerm";
        bool known = false;
        for (const char* name : {"SimpleIrrepsConfig", "EnergyModel", "PerSpeciesRescale", "StressForceOutput", "ForceOutput",
                                 "StressOutput", "RescaleEnergyEtc", "PairPotentialTerm"})
            known = known || each.scalar == name;
        if (!known) refuse("model_builders (" + shown(each) + ")");
    }
    if (!pair) return;
    if (!says(given("pair_style"), "ZBL")) return refuse("pair_style");
    if (!says(given("units"), "metal")) return refuse("units (of the pair potential)");
    put("model.pair_potential.type", text_value("zbl"), "pair_style");
}

void NequipFlat::scales_and_shifts() {
    per_type_choice("per_species_rescale_shifts", "model.per_type_energy_shifts", "mean",
                    {{"dataset_per_atom_total_energy_mean", "mean"}, {"dataset_per_species_total_energy_mean", "auto"}});
    per_type_choice("per_species_rescale_scales", "model.per_type_energy_scales", "auto",
                    {{"dataset_forces_rms", "auto"}, {"dataset_per_species_forces_rms", "per_type"}});
    if (const Tree* scale = given("global_rescale_scale"); !is_null(scale) && !says(scale, "dataset_forces_rms"))
        refuse("global_rescale_scale (" + shown(*scale) + ")");
    if (truth(input_, "per_species_rescale_trainable", "").value_or(false))
        for (const char* place : {"model.per_type_energy_shifts_trainable", "model.per_type_energy_scales_trainable"})
            put_default(place, plain_value("true"));
}

void NequipFlat::per_type_choice(const std::string& key, const std::string& place, const std::string& absent,
                                 const std::vector<std::pair<std::string, std::string>>& words) {
    const Tree* value = given(key);
    if (value == nullptr) return put(place, text_value(absent), key);
    // null: the energies of atoms are not shifted; the scale is then the global one, that of the forces.
    if (is_null(value)) return put(place, absent == "mean" ? plain_value("0.0") : text_value("auto"), key);
    if (value->type != Tree::Type::scalar || number_of(value)) return put(place, per_type(*value), key);
    for (const auto& [word, ours] : words)
        if (value->scalar == word) return put(place, text_value(ours), key);
    refuse(key + " (" + value->scalar + ")");
}

bool NequipFlat::is_ase(const std::string& key) {
    const Tree* kind = given(key);
    if (is_null(kind) || says(kind, "ase") || says(kind, "ASEDataset")) return true;
    refuse(key + " (" + shown(*kind) + "; convert it to extended XYZ)");
    return false;
}

std::optional<double> NequipFlat::part(const std::string& key) const {
    const Tree* value = given(key);
    if (is_null(value) || value->type != Tree::Type::scalar || !value->scalar.ends_with("%")) return number(input_, key, "");
    const Tree share = plain_value(value->scalar.substr(0, value->scalar.size() - 1));
    const auto percent = number_of(&share);
    if (!percent) fail(key, "a number or a percentage", *value);
    return *percent / 100;
}

void NequipFlat::data() {
    const Tree *train = given("dataset_file_name"), *validation = given("validation_dataset_file_name");
    if (!is_ase("dataset") || !is_ase("validation_dataset")) return;
    if (is_null(train)) return refuse("dataset_file_name (missing)");
    put("data.train", paths_value(*train, "dataset_file_name"), "dataset_file_name");
    for (const char* key : {"ase_args", "dataset_ase_args"}) put_ase_args(block(input_, key, ""), key);
    for (const char* key : {"key_mapping", "dataset_key_mapping"}) put_key_mapping(block(input_, key, ""), key);
    if (const Tree* order = given("train_val_split"); !is_null(order) && !says(order, "random"))
        refuse("train_val_split (" + shown(*order) + ")");
    if (!truth(input_, "shuffle", "").value_or(true)) note("frames are drawn in a new order in every epoch (shuffle)");
    const auto n_train = part("n_train"), n_val = part("n_val");
    if (is_null(validation)) return put_parts({n_train, n_val, {}}, "n_train");
    put("data.validation", paths_value(*validation, "validation_dataset_file_name"), "validation_dataset_file_name");
    if (n_train && *n_train != 1) put("data.use", number_value(*n_train), "n_train");
    if (n_val) note("n_val: all frames of validation_dataset_file_name are looked at");
}

void NequipFlat::loss() {
    const Tree* given = this->given("loss_coeffs");
    const Tree alone = [&] {
        Tree map{Tree::Type::map, {}, false, 0, {}, {}};
        const auto add = [&](const std::string& key) { map.entries.push_back({key, 0, plain_value("1.0")}); };
        if (is_null(given)) {
            add("total_energy");
        } else if (given->type == Tree::Type::scalar) {
            add(given->scalar);
        } else {
            for (const Tree& each : given->items) add(each.scalar);
        }
        return map;
    }();
    for (const auto& entry : !is_null(given) && given->type == Tree::Type::map ? given->entries : alone.entries) {
        if (entry.key != "total_energy" && entry.key != "forces" && entry.key != "stress") {
            refuse("loss_coeffs." + entry.key);
            continue;
        }
        const bool listed = entry.value.type == Tree::Type::list && !entry.value.items.empty();
        const Tree& first = listed ? entry.value.items[0] : entry.value;
        std::string form = "MSELoss";
        if (!number_of(&first)) form = first.type == Tree::Type::scalar ? first.scalar : "no number";
        if (listed && entry.value.items.size() > 1) form = number_of(&first) ? entry.value.items[1].scalar : form + ", no number";
        if (listed && entry.value.items.size() > 2) refuse("loss_coeffs." + entry.key + " (arguments of " + form + ")");
        if (entry.key == "total_energy" && form == "MSELoss")
            note(
                "loss_coeffs.total_energy: the energy counts per atom here (as PerAtomMSELoss), where nequip was asked to take it whole: "
                "raise "
                "its weight by about the square of the number of atoms for the same loss");
        if (form != "MSELoss" && !(entry.key == "total_energy" && form == "PerAtomMSELoss"))
            refuse("loss_coeffs." + entry.key + " (" + form + ")");
        put("training.loss_coeffs." + entry.key, number_of(&first) ? first : plain_value("1.0"), "loss_coeffs." + entry.key);
    }
    for (const char* key : {"total_energy", "forces", "stress"})
        put_default(std::string("training.loss_coeffs.") + key, plain_value("0.0"));
}

void NequipFlat::schedule() {
    const Tree* name = given("lr_scheduler_name");
    if (is_null(name) || says(name, "none")) return put_constant_rate();
    if (says(name, "ReduceLROnPlateau"))
        return put_plateau(given("lr_scheduler_factor"), given("lr_scheduler_patience"), number(input_, "lr_scheduler_min_lr", ""));
    if (!says(name, "CosineAnnealingLR")) return refuse("lr_scheduler_name (" + shown(*name) + ")");
    const double lr = number_of(found("training.lr")).value_or(0.01), least = number(input_, "lr_scheduler_eta_min", "").value_or(0);
    put("training.lr_schedule.type", text_value("cosine"), "lr_scheduler_name");
    put("training.lr_schedule.warmup", plain_value("0"), "lr_scheduler_name");
    put("training.stop_lr", number_value(least > 0 ? least : 1e-6 * lr), "lr_scheduler_eta_min");
    note("lr_scheduler_T_max: the rate falls over the whole run");
}

void NequipFlat::stopping() {
    for (const auto& entry : block(input_, "early_stopping_patiences", "").entries) {
        std::string key = entry.key;
        std::transform(key.begin(), key.end(), key.begin(), [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (key == "validation_loss" || key == "loss")
            put("training.patience", entry.value, "early_stopping_patiences." + entry.key);
        else
            idle("early_stopping_patiences." + entry.key);
    }
    for (const auto& entry : block(input_, "early_stopping_lower_bounds", "").entries) idle("early_stopping_lower_bounds." + entry.key);
    const Tree& bounds = block(input_, "early_stopping_upper_bounds", "");
    for (const auto& entry : bounds.entries) {
        const auto limit = number(bounds, entry.key, "early_stopping_upper_bounds.");
        const bool wall = entry.key == "wall" || entry.key == "cumulative_wall";
        constexpr double no_limit = 1e8;  // three years
        if (wall && limit && *limit > 0 && *limit < no_limit)
            put("training.max_seconds", number_value(*limit), "early_stopping_upper_bounds." + entry.key);
        else
            idle("early_stopping_upper_bounds." + entry.key);
    }
}

}  // namespace alkali::training
