#include "alkali/training/deepmd_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/training/deepmd_keys.hpp"
#include "alkali/training/nequip_input.hpp"
#include "alkali/training/translation.hpp"

namespace alkali::training {
namespace {

using config::Tree;
using namespace deepmd_keys;

Tree widths(std::initializer_list<const char*> texts) {
    Tree list{Tree::Type::list, {}, false, 0, {}, {}};
    for (const char* text : texts) list.items.push_back(plain_value(text));
    return list;
}

/// Reads the blocks one after another.
class DeepmdTranslation final : public Translation {
public:
    DeepmdTranslation(const Tree& input, const std::filesystem::path& file) : Translation(file), input_(input) {}

    Tree result(base::LogSink& log) {
        follow(input_, top_rules(), "");
        model();
        loss();
        training();
        optimizer();
        rate();  // last: it needs the number of steps
        return finish({"an input of DeePMD-kit", "a DeePMD-kit input", "deepmd-kit"}, log);
    }

private:
    [[nodiscard]] bool is_comment(const std::string& key) const override { return key.starts_with("_"); }
    [[nodiscard]] bool asks_for_nothing(const Tree& value) const override {
        return is_neutral(value) || (value.type == Tree::Type::map && value.find("enable") != nullptr &&
                                     config::boolean_of(*value.find("enable")) == std::optional(false));
    }

    void model() {
        const Tree& model = block(input_, "model", "");
        follow(model, model_rules(), "model.");
        const Tree* type = model.find("type");
        if (!is_null(type) && !says(type, "standard") && !says(type, "deep_potential")) refuse("model.type (" + shown(*type) + ")");
        put("model.type", text_value("deep_potential"), "model.type");
        const Tree& descriptor = block(model, "descriptor", "model.");
        const Tree& fitting = block(model, "fitting_net", "model.");
        this->descriptor(descriptor);
        this->fitting(fitting);
        if (found("model.model_dtype") == nullptr) {
            const bool single = is_single(descriptor, "model.descriptor.") | is_single(fitting, "model.fitting_net.");
            put("model.model_dtype", text_value(single ? "mixed" : "float64"), "model.model_dtype");
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
        if (name.empty() && refuses()) return;  // as in an input for several tasks: what it asks for tells more
        const bool angular = name == "se_e2_a" || name == "se_a", triplets = name == "se_e3" || name == "se_at" || name == "se_a_3be",
                   radial = name == "se_e2_r" || name == "se_r";
        if (!angular && !triplets && !radial) return refuse(path + "type (" + (name.empty() ? "missing" : name) + ")");
        put(path + "type", text_value(angular ? "se_e2_a" : triplets ? "se_e3" : "se_e2_r"), path + "type");
        if (const Tree* pairs = tree.find("exclude_types"); pairs != nullptr && !asks_for_nothing(*pairs))
            put(path + "exclude_types", named_pairs(*pairs), path + "exclude_types");
        put_default(path + "rcut", plain_value("6.0"));
        put_default(path + "rcut_smth", plain_value("0.5"));
        put_default(path + "sel", text_value("auto"));
        put_default(path + "neuron", widths({"10", "20", "40"}));
        if (angular) put_default(path + "axis_neuron", plain_value("4"));
    }

    /// Pairs of numbers of types as pairs of symbols.
    [[nodiscard]] Tree named_pairs(const Tree& pairs) const {
        const Tree* names = found("model.type_names");
        const auto name = [&](const Tree& type) {
            const auto number = number_of(&type);
            if (!number || *number != std::floor(*number) || names == nullptr || *number < 0 ||
                *number >= static_cast<double>(names->items.size()))
                throw InputError("'" + shown(type) + "' in model.descriptor.exclude_types is no type of type_map", file().string());
            return names->items[static_cast<std::size_t>(*number)].scalar;
        };
        if (pairs.type != Tree::Type::list) fail("model.descriptor.exclude_types", "a list of pairs of types", pairs);
        Tree list{Tree::Type::list, {}, false, pairs.line, {}, {}};
        for (const Tree& pair : pairs.items) {
            if (pair.items.size() != 2) throw InputError("model.descriptor.exclude_types must be pairs of types", file().string());
            list.items.push_back(text_value(name(pair.items[0]) + "-" + name(pair.items[1])));
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
        if (trainable->items.empty()) fail(path + "trainable", "true or false, or a list of them", *trainable);
        std::size_t trained = 0;
        for (const Tree& each : trainable->items) {
            const auto layer = config::boolean_of(each);
            if (!layer) fail(path + "trainable", "true or false, or a list of them", each);
            if (*layer) ++trained;
        }
        const bool all = trained == trainable->items.size();
        if (all || trained == 0)
            put(path + "trainable", plain_value(all ? "true" : "false"), path + "trainable");
        else
            refuse(path + "trainable (layer by layer)");
    }

    void loss() {
        const Tree& tree = block(input_, "loss", "");
        follow(tree, loss_rules(), "loss.");
        for (const auto& [key, known] : {std::pair{"type", "ener"}, std::pair{"loss_func", "mse"}})
            if (const Tree* given = tree.find(key); !is_null(given) && !says(given, known))
                refuse(std::string("loss.") + key + " (" + shown(*given) + ")");
        put("training.loss_type", text_value("deepmd"), "loss.type");
    }

    void training() {
        const Tree& tree = block(input_, "training", "");
        follow(tree, training_rules(), "training.");
        const bool nested = !is_null(tree.find("training_data"));
        if (nested && !is_null(tree.find("systems")))
            throw InputError("'training.systems' and 'training.training_data' are both given", file().string());
        const Tree& data = nested ? block(tree, "training_data", "training.") : tree;
        const std::string path = nested ? "training.training_data." : "training.";
        if (nested) follow(data, train_data_rules(), path);
        systems(data, path, "data.train");
        sampling(data, path);
        const Tree& validation = block(tree, "validation_data", "training.");
        follow(validation, validation_data_rules(), "training.validation_data.");
        if (validation.entries.empty())
            put("data.validation", plain_value("0"), "");
        else
            validation_data(validation);
        put("data.missing", text_value("mask"), "");
        average(tree);
        if (const Tree* every = tree.find("acc_freq"); !is_null(every) && number_of(every) != std::optional<double>(1))
            refuse("training.acc_freq");
        const bool limited = found("training.numb_steps") != nullptr || found("training.max_epochs") != nullptr ||
                             found("training.max_seconds") != nullptr || found("training.max_cpu_seconds") != nullptr;
        if (!limited && !refuses()) throw InputError("the key 'training.numb_steps' is missing", file().string(), "how many steps to take");
    }

    void validation_data(const Tree& data) {
        const std::string path = "training.validation_data.";
        systems(data, path, "data.validation");
        if (found("training.validation_batches") == nullptr) {
            if (!is_null(data.find("batch_size"))) idle(path + "batch_size");
        } else if (auto size = batch_size(data.find("batch_size"), path)) {
            put("training.validation_batch_size", std::move(*size), path + "batch_size");
        }
    }

    void systems(const Tree& data, const std::string& path, const std::string& place) {
        const Tree* given = data.find("systems");
        if (is_null(given) && refuses()) return;  // as in an input for several tasks: what it asks for tells more
        if (is_null(given)) throw InputError("the key '" + path + "systems' is missing", file().string(), "folder(s) of frames");
        if (const Tree* prefix = data.find("set_prefix"); !is_null(prefix) && !says(prefix, "set")) refuse(path + "set_prefix");
        Tree paths{Tree::Type::list, {}, false, given->line, {}, {}};
        for (const Tree& each : given->type == Tree::Type::list ? given->items : std::vector<Tree>{*given}) {
            if (each.type != Tree::Type::scalar)
                throw InputError("'" + path + "systems' must be a path or a list of paths", file().string());
            const bool at_home = each.scalar.starts_with('~');
            paths.items.push_back(text_value(at_home ? each.scalar : (file().parent_path() / each.scalar).lexically_normal().string()));
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
        Tree size = is_null(given) ? text_value("auto") : *given;
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
        if (size.scalar.starts_with("mixed:")) size = plain_value(size.scalar.substr(6));
        if (!number_of(&size) && !size.scalar.starts_with("auto") && !size.scalar.starts_with("max:")) {
            refuse(path + "batch_size (" + shown(size) + ")");
            return std::nullopt;
        }
        return size;
    }

    void average(const Tree& tree) {
        const auto decay = number(tree, "ema_decay", "training.");
        const bool on = truth(tree, "enable_ema", "training.").value_or(false);
        if (decay && !on) idle("training.ema_decay (without enable_ema)");
        put("training.ema_decay", number_value(on ? decay.value_or(0.999) : 0), "training.ema_decay");
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
                put("training.optimizer", text_value(name), path);
            if (name == "adamw") put_default("training.weight_decay", plain_value("0.001"));
        }
        put_default("training.optimizer", text_value("adam"));
        put("training.amsgrad", plain_value("false"), "");
    }

    void rate() {
        const Tree& tree = block(input_, "learning_rate", "");
        follow(tree, rate_rules(), "learning_rate.");
        const Tree* type = tree.find("type");
        const bool cosine = says(type, "cosine");
        if (!is_null(type) && !says(type, "exp") && !cosine) return refuse("learning_rate.type (" + shown(*type) + ")");
        put_default("training.lr", plain_value("0.001"));
        const double lr = number_of(found("training.lr")).value_or(0.001);
        const double steps = number_of(found("training.numb_steps")).value_or(0);
        const std::string place = "training.lr_schedule.";
        put(place + "type", text_value(cosine ? "cosine" : "exponential"), place);
        const double warmup = warm_up(tree, lr, steps);
        stop(tree, lr);
        if (!cosine) decay(tree, steps - warmup);
    }

    /// Gives its number of steps.
    double warm_up(const Tree& tree, double lr, double steps) {
        const std::string place = "training.lr_schedule.";
        const std::string path = "learning_rate.";
        const auto count = whole(tree, "warmup_steps", path, 0);
        const auto ratio = number(tree, "warmup_ratio", path);
        if (ratio && !(*ratio >= 0 && *ratio < 1)) fail(path + "warmup_ratio", "between 0 and 1", *tree.find("warmup_ratio"));
        if (count.value_or(0) != 0 && ratio)
            throw InputError("'learning_rate.warmup_steps' and 'warmup_ratio' are both given", file().string());
        if (count.value_or(0) != 0 && steps == 0) refuse("learning_rate.warmup_steps (without training.numb_steps)");
        auto warmup = static_cast<double>(count.value_or(0));
        if (ratio && steps > 0) warmup = std::floor(*ratio * steps);
        const double share = steps > 0 ? warmup / steps : ratio.value_or(0);
        if (share > 0.5)
            throw InputError(fmt::format("the warm-up of the learning rate takes {:.0f} % of the run", 100 * share), file().string(),
                             "at most half: lower learning_rate.warmup_steps, or train longer");
        put(place + "warmup", number_value(share), place);
        const auto begin = number(tree, "warmup_start_factor", path);
        if (begin && share == 0) idle(path + "warmup_start_factor (without a warm-up)");
        if (share > 0) put(place + "warmup_start", number_value(lr * begin.value_or(0)), place);
        return warmup;
    }

    void stop(const Tree& tree, double lr) {
        const Tree* last = tree.find("stop_lr");
        const auto ratio = number(tree, "stop_lr_ratio", "learning_rate.");
        if (ratio && !(*ratio > 0 && *ratio <= 1))
            fail("learning_rate.stop_lr_ratio", "above 0 and at most 1", *tree.find("stop_lr_ratio"));
        if (!is_null(last) && ratio) throw InputError("'learning_rate.stop_lr' and 'stop_lr_ratio' are both given", file().string());
        // Below 1e-10 DeePMD-kit goes by 1e-10 as well.
        if (ratio) return put("training.stop_lr", number_value(std::max(1e-10, lr * *ratio)), "learning_rate.stop_lr_ratio");
        if (const auto number = number_of(last); number && *number >= 0)
            return put("training.stop_lr", *number < 1e-10 ? plain_value("1e-10") : *last, "learning_rate.stop_lr");
        if (!is_null(last)) return put("training.stop_lr", *last, "learning_rate.stop_lr");
        // decay_rate says nothing of the end where only time is limited.
        if (!is_null(tree.find("decay_rate")) && !counts_steps())
            return put("training.stop_lr", number_value(1e-3 * lr), "learning_rate.stop_lr");
        put("training.stop_lr", plain_value(is_null(tree.find("decay_rate")) ? "1e-8" : "1e-10"), "learning_rate.stop_lr");
    }

    [[nodiscard]] bool counts_steps() const { return found("training.numb_steps") != nullptr || found("training.max_epochs") != nullptr; }

    void decay(const Tree& tree, double steps) {
        auto interval = static_cast<double>(whole(tree, "decay_steps", "learning_rate.", 1).value_or(5000));
        const auto factor = number(tree, "decay_rate", "learning_rate.");
        // Its own choice where an interval would be longer than the run.
        if (!factor && steps > 0 && interval >= steps) interval = std::floor(steps / 10) > 100 ? 100 : std::floor(steps / 100) + 1;
        const bool smooth = truth(tree, "smooth", "learning_rate.").value_or(false);
        put("training.decay_steps", plain_value(fmt::format("{:.0f}", smooth ? 0.0 : interval)), "learning_rate.decay_steps");
        if (factor)
            put("training.lr_schedule.decay_rate", number_value(smooth ? std::pow(*factor, 1 / interval) : *factor),
                "learning_rate.decay_rate");
    }

    const Tree& input_;
};

}  // namespace

bool is_deepmd_input(const Tree& document) {
    if (document.type != Tree::Type::map || document.find("data") != nullptr) return false;
    for (const char* key : {"learning_rate", "loss", "loss_dict"})
        if (document.find(key) != nullptr) return true;
    const Tree* training = document.find("training");
    if (training == nullptr) return false;
    return training->find("training_data") != nullptr || training->find("systems") != nullptr || training->find("data_dict") != nullptr;
}

Tree from_deepmd_input(const Tree& document, const std::filesystem::path& file, base::LogSink& log) {
    return DeepmdTranslation(document, file).result(log);
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
