#include <gtest/gtest.h>

#include <cmath>

#include "alkali/base/random.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/nequip/model.hpp"
#include "alkali/structure/builders.hpp"

// The parameter gradient of O = sum a_i E_i + sum_e v_e . dE/dr_e against central differences of O.
namespace alkali::models::nequip::gradient_tests {
namespace {

structure::Structure two_species_cell(std::uint64_t seed) {
    base::Random random(seed);
    Mat3 cell;
    cell << 4.1, 0.2, 0.0, -0.3, 4.4, 0.1, 0.2, 0.0, 4.8;
    structure::Structure s;
    s.cell = structure::Cell(cell);
    for (int i = 0; i < 5; ++i) s.add(i % 2 == 0 ? 3 : 12, s.cell.to_cartesian({random.uniform(), random.uniform(), random.uniform()}));
    return s;
}

Hyperparameters small(int l_max, bool parity, int layers) {
    Hyperparameters h;
    h.type_names = {"Li", "Mg"};
    h.r_max = 4.0;
    h.num_layers = layers;
    h.l_max = l_max;
    h.parity = parity;
    h.num_features.assign(static_cast<std::size_t>(l_max) + 1, 4);
    h.num_features[0] = 6;
    h.type_embed_num_features = 5;
    h.radial_mlp_depth = 2;
    h.radial_mlp_width = 7;
    h.num_bessels = 5;
    h.bessel_trainable = true;
    h.avg_num_neighbors = {12.0, 9.0};
    h.readout_mlp_hidden_layers_depth = 1;
    h.readout_mlp_hidden_layers_width = 5;
    h.per_type_energy_scales_trainable = h.per_type_energy_shifts_trainable = true;
    h.model_dtype = Precision::float64;
    h.spline_intervals = 32;
    h.silu_scale = exact_silu_scale();
    h.tanh_scale = exact_tanh_scale();
    return h;
}

struct Objective {
    StructureGraph graph;
    std::vector<double> energy_seed;
    std::vector<Vec3> edge_seed;

    Objective(const structure::Structure& s, const Hyperparameters& h) : graph(structure_graph(s, h.type_names, h.r_max, "test")) {
        base::Random random(7);
        for (std::size_t i = 0; i < s.size(); ++i) energy_seed.push_back(random.normal());
        for (std::size_t e = 0; e < graph.list.edges(); ++e) edge_seed.emplace_back(random.normal(), random.normal(), random.normal());
    }
    double value(const NequIP& model) const {
        std::vector<double> energies(energy_seed.size());
        std::vector<Vec3> gradient(edge_seed.size());
        NoExchange exchange;
        model.evaluate(graph.view(), exchange, {energies, gradient});
        double sum = 0;
        for (std::size_t i = 0; i < energies.size(); ++i) sum += energy_seed[i] * energies[i];
        for (std::size_t e = 0; e < gradient.size(); ++e) sum += edge_seed[e].dot(gradient[e]);
        return sum;
    }
    std::vector<double> gradient(const NequIP& model) const {
        std::vector<double> energies(energy_seed.size()), result(model.parameters().size());
        std::vector<Vec3> edges(edge_seed.size());
        const auto pass = model.make_training_pass();
        pass->evaluate(graph.view(), {energies, edges});
        pass->accumulate_gradient({energy_seed, edge_seed}, result);
        return result;
    }
};

void expect_gradient_matches_differences(const Hyperparameters& h, const std::string& instruction_set) {
    NequIP model(h, {RadialMode::spline, instruction_set});
    const auto parameters = initial_parameters(model.architecture(), 3);
    model.set_parameters(parameters);
    const Objective objective(two_species_cell(5), h);
    const auto gradient = objective.gradient(model);
    for (const auto& info : model.layout()) {
        double norm = 0;
        for (std::size_t k = 0; k < info.size; ++k) norm = std::max(norm, std::abs(gradient[info.offset + k]));
        EXPECT_GT(norm, 0) << info.name << " has no influence";
        // A few entries of every parameter kind, along the coordinate axes.
        for (std::size_t pick = 0; pick < 4; ++pick) {
            const std::size_t k = info.offset + pick * (info.size - 1) / 3;
            auto shifted = parameters;
            const double step = 1e-5;
            shifted[k] = parameters[k] + step;
            model.set_parameters(shifted);
            const double up = objective.value(model);
            shifted[k] = parameters[k] - step;
            model.set_parameters(shifted);
            const double down = objective.value(model);
            EXPECT_NEAR(gradient[k], (up - down) / (2 * step), 2e-6 * (norm + 1)) << info.name << " entry " << k - info.offset;
        }
    }
}

TEST(NequipGradient, matches_finite_differences_without_parity) { expect_gradient_matches_differences(small(2, false, 3), "reference"); }
TEST(NequipGradient, matches_finite_differences_with_parity) { expect_gradient_matches_differences(small(1, true, 3), "reference"); }
TEST(NequipGradient, matches_finite_differences_on_the_fastest_kernels) { expect_gradient_matches_differences(small(2, true, 2), ""); }
TEST(NequipGradient, matches_finite_differences_at_high_order) { expect_gradient_matches_differences(small(3, false, 2), ""); }

}  // namespace
}  // namespace alkali::models::nequip::gradient_tests
