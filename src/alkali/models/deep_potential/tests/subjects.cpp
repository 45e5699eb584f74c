#include "subjects.hpp"

#include "alkali/models/deep_potential/model.hpp"
#include "alkali/models/tests/variants.hpp"

namespace alkali::models::deep_potential::testing {
namespace {

using nlohmann::json;

struct Set {
    std::string name;
    json descriptor, fitting;
};

/// Small models which together have every term.
std::vector<Set> hyperparameter_sets() {
    const auto with = [](json base, const json& more) {
        base.update(more);
        return base;
    };
    const json descriptor = {{"rcut", 4.0}, {"rcut_smth", 1.5}, {"sel", {48, 48}}, {"neuron", {4, 8, 8}}};
    const json fitting = {{"neuron", {12, 12, 24}}};
    return {{"se_e2_a", with(descriptor, {{"type", "se_e2_a"}, {"axis_neuron", 3}}), fitting},
            {"se_e2_a_one_side",
             with(descriptor,
                  {{"type", "se_e2_a"}, {"axis_neuron", 5}, {"type_one_side", true}, {"resnet_dt", true}, {"activation_function", "gelu"}}),
             {{"neuron", {10, 20}}, {"resnet_dt", false}, {"activation_function", "silu"}}},
            {"se_e2_r",
             with(descriptor, {{"type", "se_e2_r"}, {"activation_function", "sigmoid"}}),
             {{"neuron", {8, 8}}, {"activation_function", "softplus"}}},
            {"se_e2_r_pairs", with(descriptor, {{"type", "se_e2_r"}, {"radial_pairs", true}, {"exclude_types", {{0, 1}}}}), fitting},
            {"se_e3", with(descriptor, {{"type", "se_e3"}, {"neuron", {2, 4}}, {"exclude_types", {{1, 1}}}}), fitting}};
}

/// Statistics as crystals have them; the energy of an atom moves by tenths of an eV.
std::shared_ptr<TrainableModel> make(const Set& set, Precision precision, const std::string& instruction_set) {
    Hyperparameters hyper = Hyperparameters::from_json(
        {{"type_names", {"Li", "Mg"}}, {"descriptor", set.descriptor}, {"fitting_net", set.fitting}, {"table_intervals", 256}});
    hyper.model_dtype = precision;
    auto model = std::make_shared<DeepPotential>(hyper, EvaluationOptions{false, instruction_set});
    const Architecture& a = model->architecture();
    std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
    draw_weights(a, 11, parameters);
    for (std::size_t pair = 0; pair < 4; ++pair) {
        parameters[a.offset(a.davg) + 4 * pair] = 0.05 + 0.01 * static_cast<double>(pair);
        for (std::size_t k = 0; k < 4; ++k)
            parameters[a.offset(a.dstd) + 4 * pair + k] = (k == 0 ? 0.09 : 0.06) + 0.01 * static_cast<double>(pair);
    }
    for (std::size_t t = 0; t < 2; ++t) parameters[a.offset(a.bias) + t] = t == 0 ? -1.5 : 0.625;
    model->set_parameters(parameters);
    return model;
}

std::vector<double> lone_energies(const TrainableModel& model) {
    std::vector<double> all;
    for (const int type : {0, 1}) {
        const std::vector<int> types{type};
        const std::vector<std::int64_t> first{0, 0};
        Graph graph;
        graph.num_local = 1;
        graph.types = types;
        graph.first = first;
        std::vector<double> energy(1);
        std::vector<Vec3> none;
        NoExchange exchange;
        model.evaluate(graph, exchange, {energy, none});
        all.push_back(energy[0]);
    }
    return all;
}

}  // namespace

std::vector<models::testing::Subject> deep_potential_subjects() {
    return models::testing::every_variant("deep_potential", hyperparameter_sets(), make, lone_energies);
}

}  // namespace alkali::models::deep_potential::testing
