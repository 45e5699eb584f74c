#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "alkali/kernels/contract/activation.hpp"
#include "alkali/models/contract/model.hpp"

namespace alkali::models::deep_potential {

enum class DescriptorKind { se_e2_a, se_e2_r, se_e3 };
[[nodiscard]] std::string_view to_string(DescriptorKind kind);

struct DescriptorHyperparameters {
    DescriptorKind type = DescriptorKind::se_e2_a;
    double rcut = 6;         ///< angstrom
    double rcut_smth = 0.5;  ///< angstrom, where the switching function begins to fall
    std::vector<int> sel;    ///< (types) most neighbours of each type; their number divides the descriptor
    std::vector<int> neuron{25, 50, 100};
    int axis_neuron = 16;  ///< se_e2_a
    bool resnet_dt = false;
    bool type_one_side = false;                      ///< embedding nets by the neighbour's type alone
    bool radial_pairs = false;                       ///< se_e2_r: embedding nets by both types, as models imported may have
    std::vector<std::pair<int, int>> exclude_types;  ///< pairs of types that do not see each other
    bool set_davg_zero = false;                      ///< new models: means of the environment are taken as zero
    kernels::Activation activation_function = kernels::Activation::tanh;
    double env_protection = 0;  ///< angstrom, added to distances in denominators
    bool trainable = true;
};

struct FittingHyperparameters {
    std::vector<int> neuron{240, 240, 240};
    bool resnet_dt = true;
    kernels::Activation activation_function = kernels::Activation::tanh;
    bool trainable = true;
};

/// The hyperparameters of a Deep Potential in DeePMD-kit's words.
struct Hyperparameters {
    std::vector<std::string> type_names;
    DescriptorHyperparameters descriptor;
    FittingHyperparameters fitting_net;
    Precision model_dtype = Precision::mixed;
    /// Intervals of the tables of the embedding nets. Part of the model: it is trained with them. Inference takes more where these are
    /// too few.
    int table_intervals = 512;

    [[nodiscard]] int types() const { return static_cast<int>(type_names.size()); }
    [[nodiscard]] bool excluded(int centre, int neighbour) const;
    /// True if a pair that is excluded adds nothing, not even for places that nobody takes: DeePMD-kit's se_e2_r with nets by both types.
    [[nodiscard]] bool silent(int centre, int neighbour) const { return descriptor.radial_pairs && excluded(centre, neighbour); }
    /// sum of sel
    [[nodiscard]] int neighbours() const;
    /// Complete, as stored in a model file.
    [[nodiscard]] nlohmann::json to_json() const;
    /// Errors: InputError naming the key that is missing, unknown, of the wrong type or out of range. `sel` must be resolved.
    [[nodiscard]] static Hyperparameters from_json(const nlohmann::json& json);
};

inline constexpr int most_table_intervals = 65536;
inline constexpr int least_table_intervals = 64;

[[nodiscard]] std::string_view to_string(kernels::Activation activation);
/// DeePMD-kit's names. Errors: InputError naming `key` and the known ones.
[[nodiscard]] kernels::Activation activation_from(const std::string& name, const std::string& key);
[[nodiscard]] const std::vector<std::string>& activation_names();

}  // namespace alkali::models::deep_potential
