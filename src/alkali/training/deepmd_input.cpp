#include "alkali/training/deepmd_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/training/deepmd_keys.hpp"
#include "alkali/training/nequip_input.hpp"

namespace alkali::training {
namespace {

using config::Tree;
using namespace deepmd_keys;

std::optional<double> number_of(const Tree* tree) {
    if (tree == nullptr || tree->type != Tree::Type::scalar || tree->quoted) return std::nullopt;
    double value = 0;
    const char* end = tree->scalar.data() + tree->scalar.size();
    const auto [stop, failure] = std::from_chars(tree->scalar.data(), end, value);
    if (failure != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

bool is_null(const Tree* tree) { return tree == nullptr || tree->type == Tree::Type::null; }
bool says(const Tree* tree, std::string_view word) { return tree != nullptr && tree->type == Tree::Type::scalar && tree->scalar == word; }
bool is_true(const Tree* tree) { return says(tree, "true") || says(tree, "True") || says(tree, "yes"); }

/// Asks for nothing.
bool is_neutral(const Tree& tree) {
    switch (tree.type) {
        case Tree::Type::null: return true;
        case Tree::Type::list: return tree.items.empty();
        case Tree::Type::map: return tree.entries.empty() || says(tree.find("enable"), "false");
        case Tree::Type::scalar:
            return tree.scalar.empty() || says(&tree, "false") || says(&tree, "False") || number_of(&tree) == std::optional<double>(0);
    }
    return false;
}

std::string shown(const Tree& tree) { return tree.type == Tree::Type::scalar ? tree.scalar : std::string("given"); }

Tree word(std::string text, bool quoted = true) { return {Tree::Type::scalar, std::move(text), quoted, 0, {}, {}}; }
Tree plain(std::string text) { return word(std::move(text), false); }
Tree value(double number) { return plain(fmt::format("{}", number)); }
Tree widths(std::initializer_list<const char*> texts) {
    Tree list{Tree::Type::list, {}, false, 0, {}, {}};
    for (const char* text : texts) list.items.push_back(plain(text));
    return list;
}

/// Reads the blocks one after another into alkali's config and collects what cannot be had.
class Translation {
public:
    Translation(const Tree& input, const std::filesystem::path& file) : input_(input), file_(file) { out_.type = Tree::Type::map; }

    Tree result(base::LogSink& log) {
        follow(input_, top_rules(), "");
        model();
        loss();
        training();
        optimizer();
        rate();  // last: it needs the number of steps
        if (!refused_.empty()) {
            std::string list;
            for (const auto& each : refused_) list += (list.empty() ? "" : ", ") + each;
            throw InputError("alkali does not have what these keys of a DeePMD-kit input ask for: " + list, file_.string(),
                             "remove them, or train with deepmd-kit and import the model (alkali import)");
        }
        log.info("config: " + file_.string() + " is read as an input of DeePMD-kit");
        std::string list;
        for (const auto& each : idle_) list += (list.empty() ? "" : ", ") + each;
        if (!list.empty()) log.info("config: without effect here: " + list);
        return std::move(out_);
    }

private:
    void refuse(const std::string& what) { refused_.push_back(what); }

    /// A block of the input; an empty one where there is none.
    const Tree& block(const Tree& parent, const std::string& key, const std::string& path) {
        static const Tree none{Tree::Type::map, {}, false, 0, {}, {}};
        const Tree* found = parent.find(key);
        if (is_null(found)) return none;
        if (found->type != Tree::Type::map) throw InputError("'" + path + key + "' must be a block of keys", file_.string());
        return *found;
    }

    /// Treats every key of a block by its rule. Keys that begin with _ are comments, as DeePMD-kit has it.
    void follow(const Tree& tree, const Rules& rules, const std::string& path) {
        for (const auto& entry : tree.entries) {
            if (entry.key.starts_with("_")) continue;
            const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& each) { return each.key == entry.key; });
            if (rule == rules.end()) {
                unknown(entry.key, rules, path);
            } else if (rule->fate == Fate::moved) {
                if (entry.value.type != Tree::Type::null) put(rule->place, entry.value, path + entry.key);
            } else if (rule->fate == Fate::without_effect) {
                idle_.push_back(path + entry.key);
            } else if (rule->fate == Fate::only_neutral && !is_neutral(entry.value)) {
                refuse(path + entry.key);
            }
        }
    }

    void unknown(const std::string& key, const Rules& rules, const std::string& path) {
        std::vector<std::string> known;
        for (const auto& rule : rules) known.emplace_back(rule.key);
        const std::string guess = base::did_you_mean(key, known);
        refuse(path + key + (guess.empty() ? "" : " (" + guess + ")"));
    }

    /// Sets a value of alkali's config; `given` names the key it comes from.
    void put(const std::string& place, Tree tree, const std::string& given) {
        Tree* at = &out_;
        std::size_t begin = 0;
        for (auto dot = place.find('.'); dot != std::string::npos; dot = place.find('.', begin)) {
            const std::string key = place.substr(begin, dot - begin);
            if (at->find(key) == nullptr) at->entries.push_back({key, 0, Tree{Tree::Type::map, {}, false, 0, {}, {}}});
            at = at->find(key);
            begin = dot + 1;
        }
        const std::string last = place.substr(begin);
        if (at->find(last) != nullptr)
            throw InputError("'" + given + "' is given twice, under two names", file_.string(), "keep one of them");
        const int line = tree.line;
        at->entries.push_back({last, line, std::move(tree)});
    }
    /// Where the input gave nothing.
    void put_default(const std::string& place, Tree tree) {
        if (found(place) == nullptr) put(place, std::move(tree), place);
    }
    [[nodiscard]] const Tree* found(const std::string& place) const {
        const Tree* at = &out_;
        std::size_t begin = 0;
        while (at != nullptr) {
            const auto dot = place.find('.', begin);
            at = at->find(place.substr(begin, dot == std::string::npos ? dot : dot - begin));
            if (dot == std::string::npos) return at;
            begin = dot + 1;
        }
        return nullptr;
    }

    void model() {
        const Tree& model = block(input_, "model", "");
        follow(model, model_rules(), "model.");
        const Tree* type = model.find("type");
        if (!is_null(type) && !says(type, "standard") && !says(type, "deep_potential")) refuse("model.type (" + shown(*type) + ")");
        put("model.type", word("deep_potential"), "model.type");
        const Tree& descriptor = block(model, "descriptor", "model.");
        const Tree& fitting = block(model, "fitting_net", "model.");
        this->descriptor(descriptor);
        this->fitting(fitting);
        if (found("model.model_dtype") == nullptr) {
            const bool single = is_single(descriptor, "model.descriptor.") | is_single(fitting, "model.fitting_net.");
            put("model.model_dtype", word(single ? "mixed" : "float64"), "model.model_dtype");
        }
    }

    bool is_single(const Tree& tree, const std::string& path) {
        const Tree* precision = tree.find("precision");
        if (is_null(precision) || says(precision, "default") || says(precision, "float64") || says(precision, "double")) return false;
        if (!says(precision, "float32") && !says(precision, "single")) refuse(path + "precision (" + shown(*precision) + ")");
        return true;
    }

    void descriptor(const Tree& tree) {
        const std::string path = "model.descriptor.";
        follow(tree, descriptor_rules(), path);
        const Tree* type = tree.find("type");
        const std::string name = is_null(type) ? "" : shown(*type);
        const bool angular = name == "se_e2_a" || name == "se_a", triplets = name == "se_e3" || name == "se_at" || name == "se_a_3be",
                   radial = name == "se_e2_r" || name == "se_r";
        if (!angular && !triplets && !radial) return refuse(path + "type (" + (name.empty() ? "missing" : name) + ")");
        put(path + "type", word(angular ? "se_e2_a" : triplets ? "se_e3" : "se_e2_r"), path + "type");
        if (const Tree* pairs = tree.find("exclude_types"); pairs != nullptr && !is_neutral(*pairs))
            put(path + "exclude_types", named_pairs(*pairs), path + "exclude_types");
        put_default(path + "rcut", plain("6.0"));
        put_default(path + "rcut_smth", plain("0.5"));
        put_default(path + "sel", word("auto"));
        put_default(path + "neuron", widths({"10", "20", "40"}));
        if (angular) put_default(path + "axis_neuron", plain("4"));
    }

    /// Pairs of numbers of types as pairs of symbols.
    [[nodiscard]] Tree named_pairs(const Tree& pairs) const {
        const Tree* names = found("model.type_names");
        const auto name = [&](const Tree& type) {
            const auto number = number_of(&type);
            if (!number || names == nullptr || *number < 0 || *number >= static_cast<double>(names->items.size()))
                throw InputError("'" + shown(type) + "' in model.descriptor.exclude_types is no type of type_map", file_.string());
            return names->items[static_cast<std::size_t>(*number)].scalar;
        };
        Tree list{Tree::Type::list, {}, false, pairs.line, {}, {}};
        for (const Tree& pair : pairs.items) {
            if (pair.items.size() != 2) throw InputError("model.descriptor.exclude_types must be pairs of types", file_.string());
            list.items.push_back(word(name(pair.items[0]) + "-" + name(pair.items[1])));
        }
        return list;
    }

    void fitting(const Tree& tree) {
        const std::string path = "model.fitting_net.";
        follow(tree, fitting_rules(), path);
        const Tree* type = tree.find("type");
        if (!is_null(type) && !says(type, "ener")) refuse(path + "type (" + shown(*type) + ")");
        put_default(path + "neuron", widths({"120", "120", "120"}));
        const Tree* trainable = tree.find("trainable");
        if (is_null(trainable)) return;
        if (trainable->type != Tree::Type::list) return put(path + "trainable", *trainable, path + "trainable");
        const bool all = std::all_of(trainable->items.begin(), trainable->items.end(), [](const Tree&each) { return is_true(&each); }),
                   none = std::none_of(trainable->items.begin(), trainable->items.end(), [](const Tree&each) { return is_true(&each); });
        if (all || none)
            put(path + "trainable", plain(all ? "true" : "false"), path + "trainable");
        else
            refuse(path + "trainable (layer by layer)");
    }

    void loss() {
        const Tree& tree = block(input_, "loss", "");
        follow(tree, loss_rules(), "loss.");
        for (const auto& [key, known] : {std::pair{"type", "ener"}, std::pair{"loss_func", "mse"}})
            if (const Tree* given = tree.find(key); !is_null(given) && !says(given, known))
                refuse(std::string("loss.") + key + " (" + shown(*given) + ")");
        put("training.loss_type", word("deepmd"), "loss.type");
    }

    void training() {
        const Tree& tree = block(input_, "training", "");
        follow(tree, training_rules(), "training.");
        const bool nested = !is_null(tree.find("training_data"));
        if (nested && !is_null(tree.find("systems")))
            throw InputError("'training.systems' and 'training.training_data' are both given", file_.string());
        const Tree& data = nested ? block(tree, "training_data", "training.") : tree;
        const std::string path = nested ? "training.training_data." : "training.";
        if (nested) follow(data, train_data_rules(), path);
        systems(data, path, "data.train");
        sampling(data, path);
        const Tree& validation = block(tree, "validation_data", "training.");
        follow(validation, validation_data_rules(), "training.validation_data.");
        if (validation.entries.empty())
            put("data.validation", plain("0"), "");
        else
            validation_data(validation);
        put("data.missing", word("mask"), "");
        average(tree);
        if (const Tree* every = tree.find("acc_freq"); !is_null(every) && number_of(every) != std::optional<double>(1))
            refuse("training.acc_freq");
        const bool limited = found("training.numb_steps") != nullptr || found("training.max_epochs") != nullptr ||
                             found("training.max_seconds") != nullptr || found("training.max_cpu_seconds") != nullptr;
        if (!limited) throw InputError("the key 'training.numb_steps' is missing", file_.string(), "how many steps to take");
    }

    void validation_data(const Tree& data) {
        const std::string path = "training.validation_data.";
        systems(data, path, "data.validation");
        if (found("training.validation_batches") == nullptr) {
            if (!is_null(data.find("batch_size"))) idle_.push_back(path + "batch_size");
        } else if (auto size = batch_size(data.find("batch_size"), path)) {
            put("training.validation_batch_size", std::move(*size), path + "batch_size");
        }
    }

    void systems(const Tree& data, const std::string& path, const std::string& place) {
        const Tree* given = data.find("systems");
        if (is_null(given) && !refused_.empty()) return;  // as in an input for several tasks: what it asks for tells more
        if (is_null(given)) throw InputError("the key '" + path + "systems' is missing", file_.string(), "folder(s) of frames");
        if (const Tree* prefix = data.find("set_prefix"); !is_null(prefix) && !says(prefix, "set")) refuse(path + "set_prefix");
        Tree paths{Tree::Type::list, {}, false, given->line, {}, {}};
        for (const Tree& each : given->type == Tree::Type::list ? given->items : std::vector<Tree>{*given}) {
            if (each.type != Tree::Type::scalar)
                throw InputError("'" + path + "systems' must be a path or a list of paths", file_.string());
            paths.items.push_back(word((file_.parent_path() / each.scalar).lexically_normal().string()));
        }
        put(place, std::move(paths), path + "systems");
    }

    /// Batches are drawn from all frames alike: what DeePMD-kit does by default, up to its batches of one system each.
    void sampling(const Tree& data, const std::string& path) {
        const Tree* given = data.find("systems");
        const bool several = given != nullptr && given->type == Tree::Type::list && given->items.size() > 1;
        for (const char* key : {"auto_prob", "auto_prob_style"})
            if (const Tree* style = data.find(key); several && !is_null(style) && !says(style, "prob_sys_size"))
                refuse(path + key + " (" + shown(*style) + ")");
        for (const char* key : {"sys_probs", "sys_weights"})
            if (const Tree* weights = data.find(key); several && !is_null(weights)) refuse(path + key);
        if (auto size = batch_size(data.find("batch_size"), path)) put("training.batch_size", std::move(*size), path + "batch_size");
    }

    /// Nothing where it is refused.
    std::optional<Tree> batch_size(const Tree* given, const std::string& path) {
        Tree size = is_null(given) ? word("auto") : *given;
        if (size.type == Tree::Type::list && !size.items.empty()) {
            const bool same = std::all_of(size.items.begin(), size.items.end(), [&](const Tree& each) {
                return !number_of(&each) ? false : number_of(&each) == number_of(&size.items[0]);
            });
            if (!same) {
                refuse(path + "batch_size (different ones)");
                return std::nullopt;
            }
            Tree first = size.items[0];
            size = std::move(first);
        }
        if (size.scalar.starts_with("mixed:")) size = plain(size.scalar.substr(6));
        if (!number_of(&size) && !size.scalar.starts_with("auto") && !size.scalar.starts_with("max:")) {
            refuse(path + "batch_size (" + shown(size) + ")");
            return std::nullopt;
        }
        return size;
    }

    void average(const Tree& tree) {
        const Tree* decay = tree.find("ema_decay");
        if (is_true(tree.find("enable_ema")))
            put("training.ema_decay", is_null(decay) ? plain("0.999") : *decay, "training.ema_decay");
        else
            put("training.ema_decay", plain("0"), "training.ema_decay");
    }

    void optimizer() {
        const Tree& tree = block(input_, "optimizer", "");
        follow(tree, optimizer_rules(), "optimizer.");
        for (const auto& [owner, key, path] :
             {std::tuple{&tree, "type", "optimizer.type"}, std::tuple{&block(input_, "training", ""), "opt_type", "training.opt_type"}}) {
            const Tree* type = owner->find(key);
            if (is_null(type)) continue;
            std::string name = shown(*type);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
            if (name != "adam" && name != "adamw")
                refuse(std::string(path) + " (" + shown(*type) + ")");
            else
                put("training.optimizer", word(name), path);
            if (name == "adamw") put_default("training.weight_decay", plain("0.001"));
        }
        put_default("training.optimizer", word("adam"));
        put("training.amsgrad", plain("false"), "");
    }

    void rate() {
        const Tree& tree = block(input_, "learning_rate", "");
        follow(tree, rate_rules(), "learning_rate.");
        const Tree* type = tree.find("type");
        const bool cosine = says(type, "cosine");
        if (!is_null(type) && !says(type, "exp") && !cosine) return refuse("learning_rate.type (" + shown(*type) + ")");
        put_default("training.lr", plain("0.001"));
        const double lr = number_of(found("training.lr")).value_or(0.001);
        const double steps = number_of(found("training.numb_steps")).value_or(0);
        const std::string place = "training.lr_schedule.";
        put(place + "type", word(cosine ? "cosine" : "exponential"), place);
        const double warmup = warm_up(tree, lr, steps);
        stop(tree, lr);
        if (!cosine) decay(tree, steps - warmup);
    }

    /// Gives its number of steps.
    double warm_up(const Tree& tree, double lr, double steps) {
        const std::string place = "training.lr_schedule.";
        const auto count = number_of(tree.find("warmup_steps")), ratio = number_of(tree.find("warmup_ratio"));
        if (count.value_or(0) != 0 && ratio)
            throw InputError("'learning_rate.warmup_steps' and 'warmup_ratio' are both given", file_.string());
        if (count.value_or(0) != 0 && steps == 0) refuse("learning_rate.warmup_steps (without training.numb_steps)");
        double warmup = std::max(0.0, count.value_or(0));
        if (ratio && steps > 0) warmup = std::floor(*ratio * steps);
        const double share = steps > 0 ? warmup / steps : ratio.value_or(0);
        if (share > 0.5)
            throw InputError(fmt::format("the warm-up of the learning rate takes {:.0f} % of the run", 100 * share), file_.string(),
                             "at most half: lower learning_rate.warmup_steps, or train longer");
        put(place + "warmup", value(share), place);
        if (share > 0) put(place + "warmup_start", value(lr * number_of(tree.find("warmup_start_factor")).value_or(0)), place);
        return warmup;
    }

    void stop(const Tree& tree, double lr) {
        const Tree* last = tree.find("stop_lr");
        const auto ratio = number_of(tree.find("stop_lr_ratio"));
        if (!is_null(last) && ratio) throw InputError("'learning_rate.stop_lr' and 'stop_lr_ratio' are both given", file_.string());
        // Below 1e-10 DeePMD-kit goes by 1e-10 as well.
        if (ratio) return put("training.stop_lr", value(std::max(1e-10, lr * *ratio)), "learning_rate.stop_lr_ratio");
        if (const auto number = number_of(last))
            return put("training.stop_lr", *number < 1e-10 ? plain("1e-10") : *last, "learning_rate.stop_lr");
        if (!is_null(last)) return put("training.stop_lr", *last, "learning_rate.stop_lr");
        // decay_rate says nothing of the end where only time is limited.
        if (!is_null(tree.find("decay_rate")) && !counts_steps()) return put("training.stop_lr", value(1e-3 * lr), "learning_rate.stop_lr");
        put("training.stop_lr", plain(is_null(tree.find("decay_rate")) ? "1e-8" : "1e-10"), "learning_rate.stop_lr");
    }

    [[nodiscard]] bool counts_steps() const { return found("training.numb_steps") != nullptr || found("training.max_epochs") != nullptr; }

    void decay(const Tree& tree, double steps) {
        const Tree* given = tree.find("decay_steps");
        double interval = std::max(1.0, number_of(given).value_or(5000));
        const auto factor = number_of(tree.find("decay_rate"));
        // Its own choice where an interval would be longer than the run.
        if (!factor && steps > 0 && interval >= steps) interval = std::floor(steps / 10) > 100 ? 100 : std::floor(steps / 100) + 1;
        const bool smooth = is_true(tree.find("smooth"));
        put("training.decay_steps", plain(fmt::format("{:.0f}", smooth ? 0.0 : interval)), "learning_rate.decay_steps");
        if (factor)
            put("training.lr_schedule.decay_rate", value(smooth ? std::pow(*factor, 1 / interval) : *factor), "learning_rate.decay_rate");
    }

    const Tree& input_;
    const std::filesystem::path& file_;
    Tree out_;
    std::vector<std::string> refused_, idle_;
};

}  // namespace

bool is_deepmd_input(const Tree& document) {
    if (document.type != Tree::Type::map || document.find("data") != nullptr) return false;
    if (document.find("learning_rate") != nullptr || document.find("loss") != nullptr) return true;
    const Tree* training = document.find("training");
    return training != nullptr && (training->find("training_data") != nullptr || training->find("systems") != nullptr);
}

Tree from_deepmd_input(const Tree& document, const std::filesystem::path& file, base::LogSink& log) {
    return Translation(document, file).result(log);
}

Tree read_training_document(const std::filesystem::path& file, base::LogSink& log) {
    const std::string text = base::read_file(file);
    const auto first = text.find_first_not_of(" \t\r\n");
    const bool json = first != std::string::npos && text[first] == '{' && file.extension() != ".yaml" && file.extension() != ".yml";
    Tree document = json ? config::parse_json_tree(text, file.string()) : config::parse_tree(text, file.string());
    if (is_nequip_config(document)) return from_nequip_config(document, file, log);
    return is_deepmd_input(document) ? from_deepmd_input(document, file, log) : document;
}

}  // namespace alkali::training
