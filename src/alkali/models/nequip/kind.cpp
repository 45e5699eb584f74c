#include "alkali/models/nequip/kind.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/models/common/hyperparameter_json.hpp"
#include "alkali/models/common/hyperparameter_limits.hpp"
#include "alkali/models/common/kind_options.hpp"
#include "alkali/models/common/model_size.hpp"
#include "alkali/models/common/statistics.hpp"
#include "alkali/models/nequip/model.hpp"

namespace alkali::models::nequip {
namespace {

config::Options options() {
    config::Options o;
    add_type_names(o);
    o.number("r_max", "cutoff radius").unit("angstrom").above(0).at_most(longest_cutoff).required().alias("cutoff").alias("rcut");
    o.integer("num_layers", "interaction layers")
        .fallback(4)
        .at_least(1)
        .at_most(most_layers)
        .alias("num_interactions")
        .alias("num_convolution_layer");
    o.integer("l_max", "highest angular order of features and edges").fallback(2).at_least(0).at_most(4).alias("lmax").alias("max_ell");
    o.boolean("parity", "also features that a mirror turns the other way, such as axial vectors beside vectors; about twice the time")
        .fallback(false)
        .alias("is_parity");
    o.integer("num_features", "channels per irrep, one number or one per l")
        .or_kind(config::Kind::integers)
        .fallback(32)
        .at_least(1)
        .at_most(most_channels)
        .alias("num_channels")
        .alias("channel");
    o.integer("type_embed_num_features", "length of the type embedding; 0: as the scalars").fallback(0).at_least(0).at_most(most_channels);
    o.integer("radial_mlp_depth", "hidden layers of the radial network")
        .fallback(2)
        .at_least(0)
        .at_most(most_layers)
        .alias("invariant_layers");
    o.integer("radial_mlp_width", "width of its hidden layers").fallback(64).at_least(1).at_most(most_channels).alias("invariant_neurons");
    o.integer("num_bessels", "Bessel functions of the radial basis")
        .fallback(8)
        .at_least(1)
        .at_most(most_basis_functions)
        .alias("num_basis")
        .alias("num_radial_basis")
        .alias("bessel_basis_num");
    o.boolean("bessel_trainable", "train their roots").fallback(false);
    o.integer("polynomial_cutoff_p", "exponent of the cutoff function")
        .fallback(6)
        .at_least(2)
        .at_most(highest_exponent)
        .alias("PolynomialCutoff_p")
        .alias("poly_cut_p_value");
    o.number("avg_num_neighbors",
             "normalisation of the sum over neighbours: auto (from the data), per_type (the same), a number, or one per type")
        .or_kind(config::Kind::text)
        .or_kind(config::Kind::table)
        .fallback("auto");
    o.number("per_type_energy_scales",
             "energy scale: auto (RMS of the forces), per_type (of the forces on each), a number, or one per type")
        .or_kind(config::Kind::text)
        .or_kind(config::Kind::table)
        .fallback("auto");
    add_energy_shifts(o);
    o.boolean("per_type_energy_scales_trainable", "train the scales").fallback(false);
    o.boolean("per_type_energy_shifts_trainable", "train the shifts").fallback(false);
    o.integer("readout_mlp_hidden_layers_depth", "hidden layers of the readout").fallback(0).at_least(0).at_most(most_layers);
    o.integer("readout_mlp_hidden_layers_width", "their width; 0: as the scalars").fallback(0).at_least(0).at_most(most_channels);
    o.text("readout_mlp_nonlinearity", "between them").fallback("silu").choices({"silu", "None"});
    o.block("pair_potential", "pair term added to the network", [] {
        config::Options pair;
        pair.text("type", "none or zbl (screened nuclear repulsion)").fallback("none").choices({"none", "zbl"});
        pair.integer("polynomial_cutoff_p", "exponent of its cutoff function").fallback(6).at_least(2).at_most(highest_exponent);
        return pair;
    }());
    o.integer("spline_intervals", "intervals of the radial splines")
        .fallback(256)
        .at_least(least_spline_intervals)
        .at_most(most_spline_intervals);
    add_model_dtype(o);
    return o;
}

/// One value per type from a number, a table or a word that statistics answer.
template <class FromWord>
std::vector<double> per_type(const nlohmann::json& value, const std::string& key, const std::vector<std::string>& types,
                             FromWord from_word) {
    if (value.is_number()) return std::vector<double>(types.size(), value.get<double>());
    if (value.is_object()) {
        try {
            return given_energy_shifts(value.get<std::map<std::string, double>>(), types);
        } catch (const InputError& error) {
            throw InputError(error.fault(), "model." + key, error.hint());
        }
    }
    return from_word(value.get<std::string>());
}

[[noreturn]] void unknown_word(const std::string& key, const std::string& word, const std::string& known) {
    throw InputError("'" + word + "' is not known", "model." + key, "use " + known);
}

std::vector<double> energy_scales(const std::string& word, std::span<const structure::Frame> frames,
                                  const std::vector<std::string>& types) {
    if (word != "auto" && word != "per_type") unknown_word("per_type_energy_scales", word, "auto, per_type, a number, or one per type");
    std::vector<double> scales(types.size(), force_rms(frames));
    if (word == "per_type") scales = force_rms_per_type(frames, types);
    for (double& scale : scales) scale = energy_scale_of_forces(scale);
    return scales;
}

/// What the radial splines of all layers take, with the networks' rows that they are made from.
double table_bytes(const Architecture& architecture) {
    const auto& hyper = architecture.hyper;
    double kept = 0, widest = 0;
    for (const auto& layer : architecture.layers) {
        kept += layer.convolution.weight_width;
        widest = std::max(widest, 2.0 * layer.convolution.weight_width);
    }
    return 8.0 * (hyper.spline_intervals + 3) *
           (kept + widest + hyper.num_bessels + static_cast<double>(hyper.radial_mlp_depth) * hyper.radial_mlp_width);
}

std::unique_ptr<NequIP> made(Hyperparameters hyper) {
    const Architecture architecture(hyper);
    require_affordable(architecture.parameters, table_bytes(architecture));
    return std::make_unique<NequIP>(std::move(hyper));
}

std::unique_ptr<TrainableModel> create(const nlohmann::json& given, std::span<const structure::Frame> frames, std::uint64_t seed,
                                       base::LogSink& log) {
    nlohmann::json json = given;
    if (json.contains("pair_potential") && json["pair_potential"].is_object() && json["pair_potential"].value("type", "none") == "none")
        json["pair_potential"] = nullptr;
    const nlohmann::json neighbours = json.value("avg_num_neighbors", nlohmann::json("auto"));
    if (neighbours.is_string()) {
        if (neighbours != "auto" && neighbours != "per_type")
            unknown_word("avg_num_neighbors", neighbours, "auto, per_type, a number, or one per type");
        json["avg_num_neighbors"] = 1.0;  // replaced below, once r_max is known to be good
    }
    Hyperparameters hyper = Hyperparameters::from_json(json);
    if (neighbours == "auto") hyper.avg_num_neighbors = {average_neighbours(frames, hyper.r_max)};
    if (neighbours == "per_type") hyper.avg_num_neighbors = average_neighbours_per_type(frames, hyper.type_names, hyper.r_max);
    const auto& types = hyper.type_names;
    warn_of_unseen_types(frames, types, log);
    const auto scales = per_type(json.value("per_type_energy_scales", nlohmann::json("auto")), "per_type_energy_scales", types,
                                 [&](const std::string& word) { return energy_scales(word, frames, types); });
    const auto shifts = energy_shifts(json.value("per_type_energy_shifts", nlohmann::json("auto")), frames, types, log);
    for (std::size_t t = 0; t < types.size(); ++t)
        log.info(fmt::format("{}: energy shift {:.6f} eV, scale {:.6f} eV", types[t], shifts[t], scales[t]));
    log.info(fmt::format("neighbours per atom: {:.3f}", hyper.avg_num_neighbors[0]));
    auto model = made(hyper);
    const Architecture& architecture = model->architecture();
    auto parameters = initial_parameters(architecture, seed);
    for (std::size_t t = 0; t < types.size(); ++t) {
        parameters[architecture.info(architecture.scales).offset + t] = scales[t];
        parameters[architecture.info(architecture.shifts).offset + t] = shifts[t];
    }
    model->set_parameters(parameters);
    return model;
}

nlohmann::json derived_constants(const Hyperparameters& hyper) {
    return {{"normalize2mom", {{"silu", hyper.silu_scale}, {"tanh", hyper.tanh_scale}}}};
}

std::unique_ptr<TrainableModel> build(const nlohmann::json& json, const nlohmann::json& derived, std::optional<Precision> precision) {
    Hyperparameters hyper = Hyperparameters::from_json(json);
    // Imported models have no splines of their own, and tell of values that live in the tensors.
    require_as_understood(json, hyper.to_json(), {"spline_intervals", "per_type_energy_scales", "per_type_energy_shifts"});
    if (precision) hyper.model_dtype = *precision;
    const auto scales = derived.value("normalize2mom", nlohmann::json());
    require(scales.is_object(), "normalize2mom", "is no table of scales", "derived");
    const auto read = [&](const char* key, double& scale) {
        read_key(scales, key, scale, "derived.normalize2mom");
        require(scale > 0.1 && scale < 10, key, "is no scale of an activation", "derived.normalize2mom");
    };
    read("silu", hyper.silu_scale);
    read("tanh", hyper.tanh_scale);
    require_as_understood(derived, derived_constants(hyper), {}, "derived");
    return made(std::move(hyper));
}

nlohmann::json derived(const TrainableModel& model) { return derived_constants(dynamic_cast<const NequIP&>(model).architecture().hyper); }

}  // namespace

ModelKind nequip_kind() {
    return {"nequip", "NequIP: equivariant message passing",
            options,  create,
            build,    derived,
            "shifts", [](const nlohmann::json& json) { return Architecture(Hyperparameters::from_json(json)).parameters; }};
}

}  // namespace alkali::models::nequip
