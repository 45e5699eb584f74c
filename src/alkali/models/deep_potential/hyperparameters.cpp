#include "alkali/models/deep_potential/hyperparameters.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "alkali/base/nearest.hpp"
#include "alkali/models/common/hyperparameter_json.hpp"
#include "alkali/models/common/hyperparameter_limits.hpp"

namespace alkali::models::deep_potential {
namespace {

using kernels::Activation;

struct NamedActivation {
    std::string_view name;
    Activation activation;
};
constexpr std::array<NamedActivation, 10> activations{{{"tanh", Activation::tanh},
                                                       {"silu", Activation::silu},
                                                       {"relu", Activation::relu},
                                                       {"relu6", Activation::relu6},
                                                       {"softplus", Activation::softplus},
                                                       {"sigmoid", Activation::sigmoid},
                                                       {"gelu", Activation::gelu},
                                                       {"gelu_tf", Activation::gelu},
                                                       {"linear", Activation::identity},
                                                       {"none", Activation::identity}}};

constexpr int most_components = 1'000'000;
const char* const descriptor_block = "model.descriptor";
const char* const fitting_block = "model.fitting_net";

std::vector<std::string> keys_of(const nlohmann::json& json) {
    std::vector<std::string> keys;
    for (const auto& [key, unused] : json.items()) keys.push_back(key);
    return keys;
}

void read_activation(const nlohmann::json& json, Activation& activation, const std::string& block) {
    std::string name(to_string(activation));
    read_key(json, "activation_function", name, block);
    activation = activation_from(name, block + ".activation_function");
}

void read_widths(const nlohmann::json& json, std::vector<int>& neuron, const std::string& block) {
    read_counts(json, "neuron", 1, most_channels, neuron, block);
    require(neuron.size() <= most_layers, "neuron", "has more than " + std::to_string(most_layers) + " layers", block);
}

DescriptorKind kind_from(const std::string& name) {
    for (const auto kind : {DescriptorKind::se_e2_a, DescriptorKind::se_e2_r, DescriptorKind::se_e3})
        if (name == to_string(kind)) return kind;
    // DeePMD-kit's older names.
    if (name == "se_a") return DescriptorKind::se_e2_a;
    if (name == "se_r") return DescriptorKind::se_e2_r;
    if (name == "se_at" || name == "se_a_3be" || name == "se_t") return DescriptorKind::se_e3;
    throw InputError("'" + name + "' is not known", std::string(descriptor_block) + ".type", "use se_e2_a, se_e2_r or se_e3");
}

DescriptorHyperparameters read_descriptor(const nlohmann::json& json, std::size_t types) {
    DescriptorHyperparameters d;
    std::string type(to_string(d.type));
    read_key(json, "type", type, descriptor_block);
    d.type = kind_from(type);
    read_key(json, "rcut", d.rcut, descriptor_block);
    require(d.rcut > 0 && d.rcut <= longest_cutoff, "rcut", "must be a positive length, at most " + shown(longest_cutoff) + " angstrom",
            descriptor_block);
    read_key(json, "rcut_smth", d.rcut_smth, descriptor_block);
    require(d.rcut_smth >= 0 && d.rcut_smth < d.rcut, "rcut_smth", "must lie between 0 and rcut", descriptor_block);
    read_counts(json, "sel", 0, most_neighbours, d.sel, descriptor_block);
    require(d.sel.size() == types, "sel", "needs one number for each type", descriptor_block);
    require(std::accumulate(d.sel.begin(), d.sel.end(), 0) > 0, "sel", "must leave room for a neighbour", descriptor_block);
    read_widths(json, d.neuron, descriptor_block);
    require(!d.neuron.empty(), "neuron", "needs at least one layer", descriptor_block);
    read_key(json, "axis_neuron", d.axis_neuron, descriptor_block);
    if (d.type == DescriptorKind::se_e2_a)
        require(d.axis_neuron >= 1 && d.axis_neuron <= d.neuron.back(), "axis_neuron", "must lie between 1 and the last of neuron",
                descriptor_block);
    require(d.axis_neuron <= most_components / d.neuron.back(), "axis_neuron",
            "makes a descriptor of more than " + std::to_string(most_components) + " components", descriptor_block);
    read_key(json, "resnet_dt", d.resnet_dt, descriptor_block);
    read_key(json, "type_one_side", d.type_one_side, descriptor_block);
    read_key(json, "radial_pairs", d.radial_pairs, descriptor_block);
    require(!d.radial_pairs || d.type == DescriptorKind::se_e2_r, "radial_pairs", "is for se_e2_r", descriptor_block);
    read_key(json, "exclude_types", d.exclude_types, descriptor_block);
    require(d.exclude_types.size() <= 2 * types * types, "exclude_types", "names pairs of types several times", descriptor_block);
    for (const auto& [i, j] : d.exclude_types)
        require(i >= 0 && j >= 0 && static_cast<std::size_t>(std::max(i, j)) < types, "exclude_types", "names a type that does not exist",
                descriptor_block);
    read_key(json, "set_davg_zero", d.set_davg_zero, descriptor_block);
    read_activation(json, d.activation_function, descriptor_block);
    read_key(json, "env_protection", d.env_protection, descriptor_block);
    require(std::isfinite(d.env_protection) && d.env_protection >= 0, "env_protection", "must not be negative", descriptor_block);
    read_key(json, "trainable", d.trainable, descriptor_block);
    return d;
}

nlohmann::json write_descriptor(const DescriptorHyperparameters& d) {
    nlohmann::json pairs = nlohmann::json::array();
    for (const auto& [i, j] : d.exclude_types) pairs.push_back({i, j});
    nlohmann::json json = {{"type", to_string(d.type)},
                           {"rcut", d.rcut},
                           {"rcut_smth", d.rcut_smth},
                           {"sel", d.sel},
                           {"neuron", d.neuron},
                           {"axis_neuron", d.axis_neuron},
                           {"resnet_dt", d.resnet_dt},
                           {"type_one_side", d.type_one_side},
                           {"exclude_types", pairs},
                           {"set_davg_zero", d.set_davg_zero},
                           {"activation_function", to_string(d.activation_function)},
                           {"env_protection", d.env_protection},
                           {"trainable", d.trainable}};
    if (d.radial_pairs) json["radial_pairs"] = true;
    return json;
}

FittingHyperparameters read_fitting(const nlohmann::json& json) {
    FittingHyperparameters f;
    read_widths(json, f.neuron, fitting_block);
    read_key(json, "resnet_dt", f.resnet_dt, fitting_block);
    read_activation(json, f.activation_function, fitting_block);
    read_key(json, "trainable", f.trainable, fitting_block);
    return f;
}

nlohmann::json write_fitting(const FittingHyperparameters& f) {
    return {{"neuron", f.neuron},
            {"resnet_dt", f.resnet_dt},
            {"activation_function", to_string(f.activation_function)},
            {"trainable", f.trainable}};
}

}  // namespace

std::string_view to_string(DescriptorKind kind) {
    switch (kind) {
        case DescriptorKind::se_e2_a: return "se_e2_a";
        case DescriptorKind::se_e2_r: return "se_e2_r";
        case DescriptorKind::se_e3: return "se_e3";
    }
    return "";
}

std::string_view to_string(Activation activation) {
    for (const auto& known : activations)
        if (known.activation == activation) return known.name;
    return "";
}

const std::vector<std::string>& activation_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (const auto& known : activations) list.emplace_back(known.name);
        return list;
    }();
    return names;
}

Activation activation_from(const std::string& name, const std::string& key) {
    for (const auto& known : activations)
        if (known.name == name) return known.activation;
    const auto guess = base::did_you_mean(name, activation_names());
    throw InputError("'" + name + "' is not known", key,
                     guess.empty() ? "use one of tanh, silu, relu, relu6, softplus, sigmoid, gelu, linear" : guess);
}

bool Hyperparameters::excluded(int centre, int neighbour) const {
    return std::any_of(descriptor.exclude_types.begin(), descriptor.exclude_types.end(), [&](const std::pair<int, int>& pair) {
        return (pair.first == centre && pair.second == neighbour) || (pair.first == neighbour && pair.second == centre);
    });
}

int Hyperparameters::neighbours() const { return std::accumulate(descriptor.sel.begin(), descriptor.sel.end(), 0); }

Hyperparameters Hyperparameters::from_json(const nlohmann::json& json) {
    const std::string what = "this program's Deep Potential";
    Hyperparameters h;
    auto known = keys_of(h.to_json());
    known.emplace_back("seed");
    refuse_unknown_keys(json, known, what);
    h.type_names = read_type_names(json);
    const auto block = [&](const char* key, const nlohmann::json& complete, const std::string& name) {
        const nlohmann::json given = json.contains(key) && !json[key].is_null() ? json[key] : nlohmann::json::object();
        require(given.is_object(), key, "must be a block");
        auto keys = keys_of(complete);
        keys.emplace_back("seed");
        if (std::string_view(key) == "descriptor") keys.emplace_back("radial_pairs");
        refuse_unknown_keys(given, keys, what, name);
        return given;
    };
    h.descriptor = read_descriptor(block("descriptor", write_descriptor({}), descriptor_block), h.type_names.size());
    h.fitting_net = read_fitting(block("fitting_net", write_fitting({}), fitting_block));
    std::string dtype = "mixed";
    read_key(json, "model_dtype", dtype);
    h.model_dtype = precision_from(dtype);
    read_count(json, "table_intervals", least_table_intervals, most_table_intervals, h.table_intervals);
    return h;
}

nlohmann::json Hyperparameters::to_json() const {
    return {{"type", "deep_potential"},
            {"type_names", type_names},
            {"descriptor", write_descriptor(descriptor)},
            {"fitting_net", write_fitting(fitting_net)},
            {"model_dtype", std::string(models::to_string(model_dtype))},
            {"table_intervals", table_intervals}};
}

}  // namespace alkali::models::deep_potential
