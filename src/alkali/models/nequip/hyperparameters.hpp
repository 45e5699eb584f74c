#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "alkali/models/contract/model.hpp"

namespace alkali::models::nequip {

/// Far beyond what the rounding of float64 leaves to gain (the error falls with the fourth power).
inline constexpr int most_spline_intervals = 65536;
inline constexpr int least_spline_intervals = 8;

/// The hyperparameters of nequip's NequIPGNNModel, in its words.
struct Hyperparameters {
    std::vector<std::string> type_names;
    double r_max = 0;  ///< angstrom
    int num_layers = 4;
    int l_max = 1;
    bool parity = true;
    std::vector<int> num_features;    ///< (l_max + 1)
    int type_embed_num_features = 0;  ///< 0: num_features[0]
    int radial_mlp_depth = 1;
    int radial_mlp_width = 128;
    int num_bessels = 8;
    bool bessel_trainable = false;
    int polynomial_cutoff_p = 6;
    std::vector<double> avg_num_neighbors;  ///< one, or one per type
    bool per_type_energy_scales_trainable = false;
    bool per_type_energy_shifts_trainable = false;
    int readout_mlp_hidden_layers_depth = 0;
    int readout_mlp_hidden_layers_width = 0;  ///< 0: num_features[0]
    std::string readout_mlp_nonlinearity = "silu";
    std::vector<double> per_edge_type_cutoff;  ///< (types x types) angstrom, row = centre; empty: r_max
    bool zbl = false;                          ///< ZBL pair term added
    int zbl_polynomial_cutoff_p = 6;
    Precision model_dtype = Precision::mixed;
    /// Intervals of the radial splines on [0, cutoff]. Part of the model: it is trained with them. Inference takes more
    /// where these are too few (guard.hpp), models that were trained without splines included.
    int spline_intervals = 256;
    /// e3nn's normalize2mom: scale of silu and tanh that makes <f(z)^2> = 1. e3nn samples it, so its numbers
    /// travel with an imported model (among the derived constants); else the exact integrals.
    double silu_scale = 0, tanh_scale = 0;

    [[nodiscard]] int types() const { return static_cast<int>(type_names.size()); }
    /// Complete, as stored in a model file (scales and shifts live in the tensors).
    [[nodiscard]] nlohmann::json to_json() const;
    /// Errors: InputError naming the key that is missing, unknown, of the wrong type or out of range.
    [[nodiscard]] static Hyperparameters from_json(const nlohmann::json& json);
};

/// Scale c with <(c f(z))^2> = 1 for a standard normal z, by quadrature.
[[nodiscard]] double exact_silu_scale();
[[nodiscard]] double exact_tanh_scale();

}  // namespace alkali::models::nequip
