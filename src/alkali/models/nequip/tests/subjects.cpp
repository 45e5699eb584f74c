#include "subjects.hpp"

#include "alkali/models/nequip/model.hpp"
#include "alkali/models/tests/variants.hpp"

namespace alkali::models::nequip::testing {
namespace {

using nlohmann::json;

struct Set {
    std::string name;
    json hyperparameters;
    double scale;  ///< brings forces of random parameters to a few tenths of eV/angstrom, as in metals
};

/// Small models which together have every term of the architecture.
std::vector<Set> hyperparameter_sets() {
    const auto with = [](json more) {
        json set = {{"type_names", {"Li", "Mg"}},
                    {"avg_num_neighbors", 10.0},
                    {"num_bessels", 5},
                    {"radial_mlp_width", 8},
                    {"spline_intervals", 128}};
        set.update(more);
        return set;
    };
    return {{"scalars",
             with({{"r_max", 4.5}, {"l_max", 0}, {"num_layers", 3}, {"num_features", 6}, {"readout_mlp_hidden_layers_depth", 1}}), 16},
            {"vectors_parity",
             with({{"r_max", 4.0},
                   {"l_max", 1},
                   {"parity", true},
                   {"num_layers", 3},
                   {"num_features", 4},
                   {"avg_num_neighbors", {{"Li", 12.0}, {"Mg", 9.0}}},
                   {"per_edge_type_cutoff", {{"Li", {{"Mg", 3.5}}}, {"Mg", 3.75}}},
                   {"pair_potential", {{"type", "zbl"}}}}),
             3},
            {"tensors",
             with({{"r_max", 4.0},
                   {"l_max", 2},
                   {"parity", false},
                   {"num_layers", 2},
                   {"num_features", {20, 6, 4}},
                   {"bessel_trainable", true}}),
             6}};
}

std::shared_ptr<TrainableModel> make(const Set& set, Precision precision, const std::string& instruction_set) {
    Hyperparameters hyper = Hyperparameters::from_json(set.hyperparameters);
    hyper.model_dtype = precision;
    auto model = std::make_shared<NequIP>(hyper, EvaluationOptions{RadialMode::spline, instruction_set});
    const Architecture& architecture = model->architecture();
    auto parameters = initial_parameters(architecture, 11);
    const double scales[] = {set.scale, 1.25 * set.scale}, shifts[] = {-1.5, 0.625};
    for (std::size_t t = 0; t < 2; ++t) {
        parameters[architecture.info(architecture.scales).offset + t] = scales[t];
        parameters[architecture.info(architecture.shifts).offset + t] = shifts[t];
    }
    model->set_parameters(parameters);
    return model;
}

}  // namespace

std::vector<models::testing::Subject> nequip_subjects() {
    return models::testing::every_variant("nequip", hyperparameter_sets(), make, models::testing::shift_parameters);
}

}  // namespace alkali::models::nequip::testing
