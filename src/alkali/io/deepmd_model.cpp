#include "alkali/io/deepmd_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/config/document.hpp"
#include "alkali/io/deepmd_node.hpp"

namespace alkali::io {
namespace {

using Node = DeepmdNode;

std::string shape_text(const std::vector<std::size_t>& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

void expect_shape(const Node& node, Tensor& tensor, const std::vector<std::size_t>& wanted) {
    if (tensor.shape != wanted) node.fail("has shape " + shape_text(tensor.shape) + " where " + shape_text(wanted) + " is needed");
}

/// What the layers of a network have in common.
struct NetworkSettings {
    std::vector<int> neuron;
    std::string activation_function;
    bool resnet_dt = false;
    std::size_t inputs = 1;
    bool has_readout = false;  ///< a linear layer with one output at the end
};

/// Reads one part after another; tensors are collected under alkali's names.
class Reader {
public:
    Reader(const nlohmann::json& document, const std::string& source) : root_(document, "", source) {}

    DeepmdModel read() {
        const Node model = root_.at("model");
        if (const auto name = model.at("@class").text(); name != "Model") model.fail("is a " + name, standard_only);
        if (const auto type = model.has("type") ? model.at("type").text() : "standard"; type != "standard")
            model.fail("is of type " + type, standard_only);
        model.expect_class("Model", 2, 2);
        model.refuse_others({"type", "type_map", "descriptor", "fitting", "rcond", "preset_out_bias"});
        type_names_ = model.at("type_map").texts();
        types_ = type_names_.size();
        if (types_ == 0 || types_ > 200) model.at("type_map").fail("must name between 1 and 200 types");
        descriptor(model.at("descriptor"));
        fitting(model.at("fitting"));
        bias(model);
        out_.hyperparameters["type"] = "deep_potential";
        out_.hyperparameters["type_names"] = type_names_;
        out_.hyperparameters["model_dtype"] = all_double_ ? "float64" : "mixed";
        for (const char* key : {"software", "version", "time", "backend"})
            if (root_.has(key)) out_.origin[key] = root_.at(key).text();
        return std::move(out_);
    }

private:
    static constexpr const char* standard_only = "alkali reads standard energy models with se_e2_a, se_e2_r or se_e3";

    void descriptor(const Node& d) {
        type_ = d.at("type").text();
        if (type_ == "se_a") type_ = "se_e2_a";
        if (type_ == "se_r") type_ = "se_e2_r";
        if (type_ == "se_t" || type_ == "se_at" || type_ == "se_a_3be") type_ = "se_e3";
        if (type_ != "se_e2_a" && type_ != "se_e2_r" && type_ != "se_e3") d.fail("is of type " + type_, standard_only);
        if (d.has("compress")) d.fail("is compressed", "convert the model as it was before dp compress");
        d.expect_class("Descriptor", 1, 3);
        d.refuse_others({"type", "rcut", "rcut_smth", "sel", "neuron", "axis_neuron", "resnet_dt", "trainable", "type_one_side",
                         "exclude_types", "env_protection", "set_davg_zero", "activation_function", "precision", "env_mat", "embeddings",
                         "type_map"});
        if (d.has("type_map") && d.at("type_map").texts() != type_names_) d.at("type_map").fail("differs from the model's");
        nlohmann::json h = {{"type", type_}, {"rcut", d.at("rcut").number()}, {"rcut_smth", d.at("rcut_smth").number()}};
        sel(d, h);
        NetworkSettings settings{d.at("neuron").integers(), d.at("activation_function").text(), d.at("resnet_dt").boolean(), 1, false};
        check_widths(d.at("neuron"), settings.neuron);
        if (settings.neuron.empty()) d.at("neuron").fail("must name at least one layer");
        h["neuron"] = settings.neuron;
        h["activation_function"] = settings.activation_function;
        h["resnet_dt"] = settings.resnet_dt;
        width_ = static_cast<std::size_t>(settings.neuron.back());
        if (type_ == "se_e2_a") {
            const int axis = d.at("axis_neuron").integer();
            if (axis < 1 || axis > settings.neuron.back()) d.at("axis_neuron").fail("must lie between 1 and the last of neuron");
            h["axis_neuron"] = axis;
            width_ *= static_cast<std::size_t>(axis);
        }
        // Of se_e2_r with nets for both types the collection tells: backends differ in what they write as type_one_side.
        const bool pairs = type_ == "se_e2_r" && d.at("embeddings").at("ndim").integer() == 2;
        const bool one_side = type_ == "se_e2_r" ? !pairs : type_ == "se_e2_a" && d.at("type_one_side").boolean();
        if (type_ != "se_e3") h["type_one_side"] = one_side;
        if (pairs) h["radial_pairs"] = true;
        exclude_types(d, h);
        h["env_protection"] = d.has("env_protection") ? d.at("env_protection").number() : 0.0;
        h["set_davg_zero"] = d.has("set_davg_zero") && d.at("set_davg_zero").boolean();
        h["trainable"] = !d.has("trainable") || d.at("trainable").boolean();
        precision(d);
        environment(d, h);
        embeddings(d.at("embeddings"), settings, one_side);
        statistics(d.at("@variables"));
        out_.hyperparameters["descriptor"] = std::move(h);
    }

    void sel(const Node& d, nlohmann::json& h) {
        sel_ = d.at("sel").integers();
        if (sel_.size() != types_) d.at("sel").fail("needs one number for each type");
        for (const int n : sel_)
            if (n < 0) d.at("sel").fail("must not be negative");
        h["sel"] = sel_;
    }

    void exclude_types(const Node& d, nlohmann::json& h) {
        h["exclude_types"] = nlohmann::json::array();
        if (!d.has("exclude_types")) return;
        const Node pairs = d.at("exclude_types");
        for (std::size_t k = 0; k < pairs.size(); ++k) {
            const auto pair = pairs.at(k).integers();
            const auto known = [&](int t) { return t >= 0 && static_cast<std::size_t>(t) < types_; };
            if (pair.size() != 2 || !known(pair[0]) || !known(pair[1])) pairs.at(k).fail("must be two types of the model");
            h["exclude_types"].push_back(pair);
        }
    }

    void environment(const Node& d, const nlohmann::json& h) {
        if (!d.has("env_mat")) return;
        const Node e = d.at("env_mat");
        e.refuse_others({"rcut", "rcut_smth", "protection"});
        for (const auto& [key, other] :
             {std::pair{"rcut", "rcut"}, std::pair{"rcut_smth", "rcut_smth"}, std::pair{"protection", "env_protection"}})
            if (e.has(key) && e.at(key).number() != h.at(other).get<double>()) e.at(key).fail("differs from the descriptor's");
    }

    void embeddings(const Node& collection, const NetworkSettings& settings, bool one_side) {
        const std::size_t dimensions = one_side ? 1 : 2;
        const Node networks = networks_of(collection, "embedding_network", dimensions);
        for (std::size_t first = 0; first < types_; ++first) {
            if (one_side) {
                network(networks.at(first), fmt::format("descriptor.embedding.{}", first), "EmbeddingNetwork", settings);
                continue;
            }
            // The first type of the pair runs fastest. se_e3 has no use for the nets below the diagonal.
            for (std::size_t second = type_ == "se_e3" ? first : 0; second < types_; ++second)
                network(networks.at(first + types_ * second), fmt::format("descriptor.embedding.{}_{}", first, second), "EmbeddingNetwork",
                        settings);
        }
    }

    [[nodiscard]] Node networks_of(const Node& collection, const std::string& kind, std::size_t dimensions) const {
        collection.expect_class("NetworkCollection", 1, 1);
        if (collection.at("network_type").text() != kind) collection.at("network_type").fail("is not " + kind);
        if (collection.at("ndim").integer() != static_cast<int>(dimensions))
            collection.at("ndim").fail(fmt::format("is not {}: networks are shared among types in another way", dimensions));
        if (collection.at("ntypes").integer() != static_cast<int>(types_)) collection.at("ntypes").fail("is not the number of types");
        const Node networks = collection.at("networks");
        if (networks.size() != (dimensions == 1 ? types_ : types_ * types_))
            networks.fail("has another number of networks than its types ask for");
        return networks;
    }

    void network(const Node& net, const std::string& name, const char* kind, const NetworkSettings& settings) {
        net.expect_class(kind, 1, 2);
        net.refuse_others(
            {"in_dim", "out_dim", "neuron", "activation_function", "resnet_dt", "bias", "bias_out", "precision", "layers", "trainable"});
        if (net.at("neuron").integers() != settings.neuron) net.at("neuron").fail("differs from that of its block");
        const Node layers = net.at("layers");
        const std::size_t hidden = settings.neuron.size();
        if (layers.size() != hidden + (settings.has_readout ? 1 : 0)) layers.fail("has another number of layers than neuron");
        std::size_t inputs = settings.inputs;
        for (std::size_t k = 0; k < layers.size(); ++k) {
            const std::size_t outputs = k < hidden ? static_cast<std::size_t>(settings.neuron[k]) : 1;
            layer(layers.at(k), fmt::format("{}.layer_{}", name, k), inputs, outputs, k < hidden ? &settings : nullptr);
            inputs = outputs;
        }
    }

    /// settings: of a hidden layer; null: linear.
    void layer(const Node& l, const std::string& name, std::size_t inputs, std::size_t outputs, const NetworkSettings* settings) {
        l.expect_class("Layer", 1, 2);
        l.refuse_others({"bias", "use_timestep", "activation_function", "resnet", "precision", "trainable"});
        const std::string function = l.has("activation_function") ? l.at("activation_function").text() : "none";
        const bool linear = function == "none" || function == "linear";
        if (settings == nullptr ? !linear : !same_function(function, settings->activation_function))
            l.at("activation_function").fail("is " + function + ", unlike that of its block");
        const bool skip = settings != nullptr && (outputs == inputs || outputs == 2 * inputs);
        if (skip && !l.at("resnet").boolean()) l.at("resnet").fail("is off where alkali adds the input");
        if (settings == nullptr && l.has("resnet") && l.at("resnet").boolean() && (inputs == 1))
            l.at("resnet").fail("is on in the last layer");
        const Node variables = l.at("@variables");
        variables.refuse_others({"w", "b", "idt"});
        store(variables.at("w"), name + ".w", {inputs, outputs});
        if (!variables.has("b")) variables.fail("has no b: layers without bias are not supported");
        store(variables.at("b"), name + ".b", {outputs});
        const bool step = skip && settings->resnet_dt;
        if (variables.has("idt") != step)
            variables.fail(step ? "has no idt, which resnet_dt asks for" : "has an idt that resnet_dt does not ask for");
        if (step) store(variables.at("idt"), name + ".idt", {outputs});
        if (l.has("precision")) precision(l);
    }

    static bool same_function(const std::string& a, const std::string& b) {
        const auto plain = [](const std::string& name) { return name == "none" ? "linear" : name == "gelu_tf" ? "gelu" : name; };
        return plain(a) == plain(b);
    }

    /// A row or a vector of the given length, or a matrix of the given shape.
    void store(const Node& node, const std::string& name, const std::vector<std::size_t>& shape) {
        Tensor tensor = node.array();
        if (shape.size() == 1 && tensor.shape == std::vector<std::size_t>{1, shape[0]}) tensor.shape = shape;
        expect_shape(node, tensor, shape);
        out_.tensors[name] = std::move(tensor);
    }

    /// davg and dstd are kept once per slot; alkali once per pair of types.
    void statistics(const Node& variables) {
        variables.refuse_others({"davg", "dstd"});
        const std::size_t slots = static_cast<std::size_t>(std::accumulate(sel_.begin(), sel_.end(), std::int64_t{0}));
        const std::size_t width = type_ == "se_e2_r" ? 1 : 4;
        for (const char* key : {"davg", "dstd"}) {
            const Node node = variables.at(key);
            Tensor given = node.array();
            expect_shape(node, given, {types_, slots, width});
            Tensor kept{{types_, types_, width}, std::vector<double>(types_ * types_ * width, std::string_view(key) == "dstd" ? 1.0 : 0.0)};
            for (std::size_t centre = 0; centre < types_; ++centre) {
                std::size_t slot = centre * slots;
                for (std::size_t type = 0; type < types_; ++type)
                    for (int k = 0; k < sel_[type]; ++k, ++slot) keep(node, given, slot, kept, centre * types_ + type, k == 0);
            }
            const bool zero = std::any_of(kept.values.begin(), kept.values.end(), [](double x) { return x <= 0; });
            if (std::string_view(key) == "dstd" && zero) node.fail("must be positive");
            out_.tensors[key] = std::move(kept);
        }
    }

    static void keep(const Node& node, const Tensor& given, std::size_t slot, Tensor& kept, std::size_t pair, bool first) {
        const std::size_t width = kept.shape[2];
        for (std::size_t c = 0; c < width; ++c) {
            const double value = given.values[slot * width + c];
            double& place = kept.values[pair * width + c];
            if (!first && value != place) node.fail("differs between slots of one type of neighbour");
            place = value;
        }
    }

    void fitting(const Node& f) {
        const std::string type = f.has("type") ? f.at("type").text() : "ener";
        if (type != "ener" && type != "invar") f.fail("is of type " + type, standard_only);
        f.expect_class("Fitting", 1, 4);
        f.refuse_others({"type", "var_name", "dim_out", "ntypes", "dim_descrpt", "neuron", "resnet_dt", "rcond", "activation_function",
                         "precision", "nets", "type_map", "trainable", "layer_name"});
        if (f.has("var_name") && f.at("var_name").text() != "energy") f.at("var_name").fail("is not energy");
        if (f.has("dim_out") && f.at("dim_out").integer() != 1) f.at("dim_out").fail("is not 1");
        if (f.at("ntypes").integer() != static_cast<int>(types_)) f.at("ntypes").fail("is not the number of types");
        if (f.at("dim_descrpt").integer() != static_cast<int>(width_))
            f.at("dim_descrpt").fail(fmt::format("is not the descriptor's {}", width_));
        NetworkSettings settings{f.at("neuron").integers(), f.at("activation_function").text(), f.at("resnet_dt").boolean(), width_, true};
        check_widths(f.at("neuron"), settings.neuron);
        const Node networks = networks_of(f.at("nets"), "fitting_network", 1);
        for (std::size_t t = 0; t < types_; ++t) network(networks.at(t), fmt::format("fitting.{}", t), "FittingNetwork", settings);
        precision(f);
        const Node variables = f.at("@variables");
        variables.refuse_others({"bias_atom_e"});
        out_.hyperparameters["fitting_net"] = {{"neuron", settings.neuron},
                                               {"resnet_dt", settings.resnet_dt},
                                               {"activation_function", settings.activation_function},
                                               {"trainable", true}};
    }

    /// The energy per type is kept in the fitting net by some backends, in the model by others.
    void bias(const Node& model) {
        Tensor total{{types_}, std::vector<double>(types_, 0.0)};
        const auto add = [&](const Node& variables, const char* key) {
            if (!variables.has(key)) return;
            const Tensor tensor = variables.at(key).array();
            if (tensor.values.size() != types_) variables.at(key).fail("must hold one number for each type");
            for (std::size_t t = 0; t < types_; ++t) total.values[t] += tensor.values[t];
        };
        add(model.at("fitting").at("@variables"), "bias_atom_e");
        add(model.at("@variables"), "out_bias");
        model.at("@variables").refuse_others({"out_bias", "out_std"});
        out_.tensors["bias_atom_e"] = std::move(total);
    }

    static void check_widths(const Node& node, const std::vector<int>& neuron) {
        for (const int n : neuron)
            if (n < 1 || n > 100000) node.fail("must hold widths between 1 and 100000");
    }

    void precision(const Node& block) {
        const std::string name = block.at("precision").text();
        if (name != "float64" && name != "double" && name != "default") all_double_ = false;
    }

    Node root_;
    DeepmdModel out_;
    std::vector<std::string> type_names_;
    std::string type_;
    std::size_t types_ = 0, width_ = 0;
    std::vector<int> sel_;
    bool all_double_ = true;
};

}  // namespace

DeepmdModel read_deepmd_model(const nlohmann::json& document, const std::string& source) { return Reader(document, source).read(); }

DeepmdModel load_deepmd_model(const std::filesystem::path& path) {
    if (path.extension() == ".dp" || path.extension() == ".hlo")
        throw FileError("is deepmd-kit's HDF5 form", path.string(),
                        "write it as YAML first: dp convert-backend " + path.filename().string() + " model.yaml");
    return read_deepmd_model(config::parse_document(base::read_file(path), path.string()), path.string());
}

}  // namespace alkali::io
