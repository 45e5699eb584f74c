#include "alkali/models/nequip/hyperparameters.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "alkali/base/error.hpp"
#include "alkali/math/coupling.hpp"
#include "alkali/models/common/hyperparameter_json.hpp"
#include "alkali/models/common/hyperparameter_limits.hpp"

namespace alkali::models::nequip {
namespace {

template <class F>
double normalising_scale(F f) {
    // Trapezoid on a smooth integrand that vanishes at the ends converges faster than any power of the step.
    const double step = 1.0 / 64;
    double moment = 0;
    for (int i = -64 * 14; i <= 64 * 14; ++i) {
        const double z = i * step, value = f(z);
        moment += value * value * std::exp(-0.5 * z * z);
    }
    return 1 / std::sqrt(moment * step / std::sqrt(2 * std::numbers::pi));
}

std::vector<std::string> known_keys() {
    Hyperparameters any;
    any.type_names = {"H"};
    any.avg_num_neighbors = {1.0};
    std::vector<std::string> names{"per_type_energy_scales", "per_type_energy_shifts"};  // they live in the tensors
    const auto json = any.to_json();
    for (const auto& [key, unused] : json.items()) names.push_back(key);
    return names;
}

std::vector<double> read_cutoffs(const nlohmann::json& table, const std::vector<std::string>& types, double r_max) {
    std::vector<double> cutoffs(types.size() * types.size(), r_max);
    const std::string block = "model.per_edge_type_cutoff";
    const auto require_types = [&](const nlohmann::json& names, const std::string& key) {
        for (const auto& [name, unused] : names.items())
            require(std::find(types.begin(), types.end(), name) != types.end(), key, "'" + name + "' is no type of the model");
    };
    require_types(table, "per_edge_type_cutoff");
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (!table.contains(types[i])) continue;
        const auto& row = table[types[i]];
        const auto cutoff_to = [&](std::size_t j) -> double& { return cutoffs[i * types.size() + j]; };
        if (row.is_object()) {
            require_types(row, "per_edge_type_cutoff." + types[i]);
            for (std::size_t j = 0; j < types.size(); ++j) read_key(row, types[j], cutoff_to(j), block + "." + types[i]);
        } else {
            for (std::size_t j = 0; j < types.size(); ++j) read_key(table, types[i], cutoff_to(j), block);
        }
    }
    return cutoffs;
}

}  // namespace

double exact_silu_scale() {
    static const double scale = normalising_scale([](double z) { return z / (1 + std::exp(-z)); });
    return scale;
}
double exact_tanh_scale() {
    static const double scale = normalising_scale([](double z) { return std::tanh(z); });
    return scale;
}

Hyperparameters Hyperparameters::from_json(const nlohmann::json& json) {
    refuse_unknown_keys(json, known_keys(), "this program's NequIP");
    Hyperparameters h;
    h.type_names = read_type_names(json);
    read_key(json, "r_max", h.r_max);
    require(h.r_max > 0 && h.r_max <= longest_cutoff, "r_max", "must be a positive length, at most " + shown(longest_cutoff) + " angstrom");
    read_count(json, "num_layers", 1, most_layers, h.num_layers);
    read_count(json, "l_max", 0, 4, h.l_max);
    read_key(json, "parity", h.parity);
    h.num_features.assign(static_cast<std::size_t>(h.l_max) + 1, 32);
    if (json.contains("num_features") && json["num_features"].is_number()) {
        int each = 1;
        read_count(json, "num_features", 1, most_channels, each);
        h.num_features.assign(static_cast<std::size_t>(h.l_max) + 1, each);
    } else {
        read_counts(json, "num_features", 1, most_channels, h.num_features);
    }
    require(h.num_features.size() == static_cast<std::size_t>(h.l_max) + 1, "num_features", "needs one number, or l_max + 1 numbers");
    read_count(json, "type_embed_num_features", 0, most_channels, h.type_embed_num_features);
    if (h.type_embed_num_features == 0) h.type_embed_num_features = h.num_features[0];
    read_count(json, "radial_mlp_depth", 0, most_layers, h.radial_mlp_depth);
    read_count(json, "radial_mlp_width", 1, most_channels, h.radial_mlp_width);
    read_count(json, "num_bessels", 1, most_basis_functions, h.num_bessels);
    read_key(json, "bessel_trainable", h.bessel_trainable);
    read_count(json, "polynomial_cutoff_p", 2, highest_exponent, h.polynomial_cutoff_p);
    if (json.contains("avg_num_neighbors") && json["avg_num_neighbors"].is_object()) {
        for (const auto& [name, unused] : json["avg_num_neighbors"].items())
            require(std::find(h.type_names.begin(), h.type_names.end(), name) != h.type_names.end(), "avg_num_neighbors",
                    "'" + name + "' is no type of the model");
        for (const auto& name : h.type_names) {
            require(json["avg_num_neighbors"].contains(name), "avg_num_neighbors", "has no entry for " + name);
            read_key(json["avg_num_neighbors"], name, h.avg_num_neighbors.emplace_back(0), "model.avg_num_neighbors");
        }
    } else {
        double value = 1;
        read_key(json, "avg_num_neighbors", value);
        h.avg_num_neighbors = {value};
    }
    for (const double n : h.avg_num_neighbors) require(std::isfinite(n) && n > 0, "avg_num_neighbors", "must be positive");
    read_key(json, "per_type_energy_scales_trainable", h.per_type_energy_scales_trainable);
    read_key(json, "per_type_energy_shifts_trainable", h.per_type_energy_shifts_trainable);
    read_count(json, "readout_mlp_hidden_layers_depth", 0, most_layers, h.readout_mlp_hidden_layers_depth);
    read_count(json, "readout_mlp_hidden_layers_width", 0, most_channels, h.readout_mlp_hidden_layers_width);
    if (h.readout_mlp_hidden_layers_width == 0) h.readout_mlp_hidden_layers_width = h.num_features[0];
    read_key(json, "readout_mlp_nonlinearity", h.readout_mlp_nonlinearity);
    require(h.readout_mlp_nonlinearity == "silu" || h.readout_mlp_nonlinearity == "None" || h.readout_mlp_nonlinearity == "null",
            "readout_mlp_nonlinearity", "'" + h.readout_mlp_nonlinearity + "' is not known; use silu or None");
    if (json.contains("per_edge_type_cutoff") && !json["per_edge_type_cutoff"].is_null()) {
        require(json["per_edge_type_cutoff"].is_object(), "per_edge_type_cutoff", "is no table of lengths by type");
        h.per_edge_type_cutoff = read_cutoffs(json["per_edge_type_cutoff"], h.type_names, h.r_max);
        for (const double r : h.per_edge_type_cutoff)
            require(r > 0 && r <= h.r_max, "per_edge_type_cutoff", "must be positive and at most r_max");
    }
    if (json.contains("pair_potential") && !json["pair_potential"].is_null()) {
        const auto& pair = json["pair_potential"];
        require(pair.is_object() && pair.contains("type") && pair["type"] == "zbl", "pair_potential", "only {type: zbl} is known");
        refuse_unknown_keys(pair, {"type", "polynomial_cutoff_p"}, "the pair potential", "model.pair_potential");
        h.zbl = true;
        read_count(pair, "polynomial_cutoff_p", 2, highest_exponent, h.zbl_polynomial_cutoff_p, "model.pair_potential");
    }
    std::string dtype = "mixed";
    read_key(json, "model_dtype", dtype);
    h.model_dtype = precision_from(dtype);
    read_count(json, "spline_intervals", least_spline_intervals, most_spline_intervals, h.spline_intervals);
    h.silu_scale = exact_silu_scale();
    h.tanh_scale = exact_tanh_scale();
    return h;
}

nlohmann::json Hyperparameters::to_json() const {
    nlohmann::json json = {{"type", "nequip"},
                           {"type_names", type_names},
                           {"r_max", r_max},
                           {"num_layers", num_layers},
                           {"l_max", l_max},
                           {"parity", parity},
                           {"num_features", num_features},
                           {"type_embed_num_features", type_embed_num_features},
                           {"radial_mlp_depth", radial_mlp_depth},
                           {"radial_mlp_width", radial_mlp_width},
                           {"num_bessels", num_bessels},
                           {"bessel_trainable", bessel_trainable},
                           {"polynomial_cutoff_p", polynomial_cutoff_p},
                           {"per_type_energy_scales_trainable", per_type_energy_scales_trainable},
                           {"per_type_energy_shifts_trainable", per_type_energy_shifts_trainable},
                           {"readout_mlp_hidden_layers_depth", readout_mlp_hidden_layers_depth},
                           {"readout_mlp_hidden_layers_width", readout_mlp_hidden_layers_width},
                           {"readout_mlp_nonlinearity", readout_mlp_nonlinearity},
                           {"spline_intervals", spline_intervals},
                           {"model_dtype", std::string(to_string(model_dtype))}};
    if (avg_num_neighbors.size() == 1)
        json["avg_num_neighbors"] = avg_num_neighbors[0];
    else
        for (int t = 0; t < types(); ++t)
            json["avg_num_neighbors"][type_names[static_cast<std::size_t>(t)]] = avg_num_neighbors[static_cast<std::size_t>(t)];
    if (zbl)
        json["pair_potential"] = {{"type", "zbl"}, {"polynomial_cutoff_p", zbl_polynomial_cutoff_p}};
    else
        json["pair_potential"] = nullptr;
    json["per_edge_type_cutoff"] = nullptr;
    if (!per_edge_type_cutoff.empty())
        for (std::size_t i = 0; i < type_names.size(); ++i)
            for (std::size_t j = 0; j < type_names.size(); ++j)
                json["per_edge_type_cutoff"][type_names[i]][type_names[j]] = per_edge_type_cutoff[i * type_names.size() + j];
    return json;
}

}  // namespace alkali::models::nequip
