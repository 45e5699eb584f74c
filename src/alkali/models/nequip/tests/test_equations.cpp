#include <gtest/gtest.h>

#include <algorithm>

#include "alkali/base/random.hpp"
#include "alkali/models/nequip/model.hpp"
#include "equations.hpp"

// The library against a second implementation written from the equations, differentiated by dual numbers.
namespace alkali::models::nequip::equations_tests {
namespace {

using testing::Bond;
using testing::Dual;
using testing::Equations;

Hyperparameters tiny(nlohmann::json more) {
    nlohmann::json json = {{"type_names", {"Li", "Mg"}},
                           {"r_max", 4.0},
                           {"num_bessels", 3},
                           {"bessel_trainable", true},
                           {"radial_mlp_width", 4},
                           {"radial_mlp_depth", 1},
                           {"spline_intervals", 12},
                           {"polynomial_cutoff_p", 4},
                           {"type_embed_num_features", 3},
                           {"model_dtype", "float64"},
                           {"avg_num_neighbors", {{"Li", 3.0}, {"Mg", 2.0}}}};
    json.update(more);
    return Hyperparameters::from_json(json);
}

std::vector<std::pair<std::string, Hyperparameters>> models() {
    return {{"vectors with parity",
             tiny({{"l_max", 1}, {"parity", true}, {"num_layers", 3}, {"num_features", {2, 2}}, {"readout_mlp_hidden_layers_depth", 1}})},
            {"tensors", tiny({{"l_max", 2}, {"parity", false}, {"num_layers", 2}, {"num_features", {3, 2, 2}}, {"radial_mlp_depth", 2}})},
            {"tensors with parity",
             tiny({{"l_max", 2}, {"parity", true}, {"num_layers", 2}, {"num_features", {2, 1, 2}}, {"radial_mlp_depth", 0}})},
            {"scalars", tiny({{"l_max", 0}, {"parity", true}, {"num_layers", 2}, {"num_features", 4}})}};
}

/// Four atoms, both types, edges both ways among those in reach, one edge beyond the cutoff; random seeds of a loss.
struct Case {
    std::vector<int> types{0, 1, 0, 1}, neighbour;
    std::vector<std::int64_t> first{0};
    std::vector<Vec3> vector;
    IncomingEdges incoming;
    std::vector<double> energy_seed;
    std::vector<Vec3> edge_seed;

    Case() {
        base::Random random(5);
        const std::vector<Vec3> positions{{0, 0, 0}, {1.9, 0.3, -0.4}, {0.5, 2.2, 0.9}, {-1.3, 0.6, 2.6}};
        for (std::size_t i = 0; i < 4; ++i) {
            for (std::size_t j = 0; j < 4; ++j) {
                if (i == j) continue;
                neighbour.push_back(static_cast<int>(j));
                vector.push_back(positions[j] - positions[i]);
            }
            first.push_back(static_cast<std::int64_t>(neighbour.size()));
            energy_seed.push_back(random.normal());
        }
        vector[0] *= 2.3;
        incoming = incoming_edges(view());
        for (std::size_t e = 0; e < vector.size(); ++e) edge_seed.emplace_back(random.normal(), random.normal(), random.normal());
    }
    [[nodiscard]] Graph view() const { return {4, 0, types, first, neighbour, vector, &incoming}; }
    [[nodiscard]] int centre(std::size_t e) const { return static_cast<int>(e / 3); }
};

/// Type embeddings and scales as they might be after training: nothing at a special value.
std::vector<double> generic_parameters(const NequIP& model) {
    auto parameters = initial_parameters(model.architecture(), 21);
    base::Random random(22);
    for (double& p : parameters) p += 0.05 * random.normal();
    return parameters;
}

double largest(std::span<const double> values) {
    double most = 0;
    for (const double v : values) most = std::max(most, std::abs(v));
    return most;
}

TEST(NequipEquations, give_the_same_energies_and_edge_gradients) {
    using D = Dual<double>;
    const Case c;
    for (const auto& [name, hyper] : models())
        for (const std::string set : {"reference", ""}) {
            NequIP model(hyper, {RadialMode::spline, set});
            const auto parameters = generic_parameters(model);
            model.set_parameters(parameters);
            std::vector<double> energies(4);
            std::vector<Vec3> gradient(c.vector.size());
            NoExchange exchange;
            model.evaluate(c.view(), exchange, {energies, gradient});

            const std::vector<D> theta(parameters.begin(), parameters.end());
            const Equations<D> equations(hyper, model.layout(), theta);
            double scale = 0;
            for (const Vec3& g : gradient) scale = std::max(scale, g.cwiseAbs().maxCoeff());
            for (std::size_t e = 0; e < c.vector.size(); ++e)
                for (int axis = 0; axis < 3; ++axis) {
                    std::vector<Bond<D>> bonds;
                    for (std::size_t k = 0; k < c.vector.size(); ++k)
                        bonds.push_back({c.centre(k), c.neighbour[k], {D(c.vector[k][0]), D(c.vector[k][1]), D(c.vector[k][2])}});
                    bonds[e].vector[static_cast<std::size_t>(axis)].slope = 1;
                    const auto expected = equations.energies(c.types, bonds);
                    double slope = 0;
                    for (std::size_t i = 0; i < 4; ++i) {
                        slope += expected[i].slope;
                        EXPECT_NEAR(energies[i], expected[i].value, 1e-12 * (1 + std::abs(expected[i].value))) << name;
                    }
                    EXPECT_NEAR(gradient[e][axis], slope, 1e-11 * (1 + scale)) << name << ", edge " << e;
                }
            EXPECT_EQ(gradient[0].norm(), 0) << "beyond the cutoff";
        }
}

// O = sum_i a_i E_i + d/ds sum_i E_i(r + s v): both parts and their derivatives by each parameter from one evaluation with
// nested dual numbers, the outer direction in the edges, the inner in the parameter.
TEST(NequipEquations, give_the_same_parameter_gradient_of_energies_and_of_forces) {
    using D = Dual<Dual<double>>;
    const Case c;
    for (const auto& [name, hyper] : models())
        for (const std::string set : {"reference", ""}) {
            NequIP model(hyper, {RadialMode::spline, set});
            const auto parameters = generic_parameters(model);
            model.set_parameters(parameters);
            const std::vector<double> no_energy(4, 0.0);
            const std::vector<Vec3> no_edge(c.edge_seed.size(), Vec3::Zero());
            std::vector<double> energies(4), by_energy(parameters.size(), 0.0), by_force(parameters.size(), 0.0);
            std::vector<Vec3> gradient(c.vector.size());
            const auto pass = model.make_training_pass();
            pass->evaluate(c.view(), {energies, gradient});
            pass->accumulate_gradient({c.energy_seed, no_edge}, by_energy);
            pass->accumulate_gradient({no_energy, c.edge_seed}, by_force);

            std::vector<Bond<D>> bonds;
            for (std::size_t e = 0; e < c.vector.size(); ++e) {
                const auto component = [&](int axis) { return D(Dual<double>(c.vector[e][axis]), Dual<double>(c.edge_seed[e][axis])); };
                bonds.push_back({c.centre(e), c.neighbour[e], {component(0), component(1), component(2)}});
            }
            std::vector<D> theta(parameters.begin(), parameters.end());
            const Equations<D> equations(hyper, model.layout(), theta);
            std::vector<double> expected_energy(parameters.size()), expected_force(parameters.size());
            for (std::size_t k = 0; k < parameters.size(); ++k) {
                theta[k].value.slope = 1;
                const auto e = equations.energies(c.types, bonds);
                theta[k].value.slope = 0;
                for (std::size_t i = 0; i < 4; ++i) {
                    expected_energy[k] += c.energy_seed[i] * e[i].value.slope;
                    expected_force[k] += e[i].slope.slope;
                }
            }
            for (const auto& info : model.layout()) {
                if (!info.trainable) continue;
                const auto part = [&](const std::vector<double>& all) { return std::span(all).subspan(info.offset, info.size); };
                const double energy_scale = largest(part(expected_energy)), force_scale = largest(part(expected_force));
                EXPECT_GT(energy_scale, 0) << name << ": " << info.name;
                EXPECT_GT(force_scale, 0) << name << ": " << info.name;
                for (std::size_t k = info.offset; k < info.offset + info.size; ++k) {
                    EXPECT_NEAR(by_energy[k], expected_energy[k], 1e-10 * energy_scale)
                        << name << ": " << info.name << " " << k - info.offset;
                    EXPECT_NEAR(by_force[k], expected_force[k], 1e-10 * force_scale) << name << ": " << info.name << " " << k - info.offset;
                }
            }
        }
}

}  // namespace
}  // namespace alkali::models::nequip::equations_tests
