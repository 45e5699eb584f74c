#include <gtest/gtest.h>

#include <cmath>

#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/models/deep_potential/exact.hpp"
#include "alkali/models/deep_potential/guard.hpp"
#include "alkali/models/deep_potential/table.hpp"
#include "subjects.hpp"

namespace alkali::models::deep_potential::tables_tests {
namespace {

std::shared_ptr<DeepPotential> subject(const std::string& name) {
    for (const auto& each : testing::deep_potential_subjects())
        if (each.name == "deep_potential_" + name + "_float64_reference") return std::dynamic_pointer_cast<DeepPotential>(each.make());
    return nullptr;
}

struct Output {
    std::vector<double> energies;
    std::vector<Vec3> edge_gradient;
};

Output evaluate(const DeepPotential& model, bool exactly) {
    const auto structure = models::testing::random_structure(24, 7.0, 3, {3, 12});
    const auto data = structure_graph(structure, model.type_names(), model.cutoff(), "test");
    Output out{std::vector<double>(structure.size()), std::vector<Vec3>(data.list.edges())};
    NoExchange exchange;
    if (exactly)
        evaluate_exactly(model.architecture(), model.parameters(), data.view(), {out.energies, out.edge_gradient});
    else
        model.evaluate(data.view(), exchange, {out.energies, out.edge_gradient});
    return out;
}

double largest_difference(const Output& a, const Output& b) {
    double worst = 0;
    for (std::size_t i = 0; i < a.energies.size(); ++i) worst = std::max(worst, std::abs(a.energies[i] - b.energies[i]));
    for (std::size_t e = 0; e < a.edge_gradient.size(); ++e)
        worst = std::max(worst, (a.edge_gradient[e] - b.edge_gradient[e]).cwiseAbs().maxCoeff());
    return worst;
}

class DescriptorOf : public ::testing::TestWithParam<const char*> {};

TEST_P(DescriptorOf, tables_approach_the_formulas_as_they_grow_finer) {
    const auto model = subject(GetParam());
    const auto exact = evaluate(*model, true);
    model->set_table_intervals(128);
    const double coarse = largest_difference(evaluate(*model, false), exact);
    EXPECT_LT(coarse, 1e-3);
    // Slopes of cubic splines converge with the third power of the interval.
    model->set_table_intervals(1024);
    EXPECT_LT(largest_difference(evaluate(*model, false), exact), coarse / 100);
    model->set_table_intervals(8192);
    EXPECT_LT(largest_difference(evaluate(*model, false), exact), 2e-9);
}

TEST_P(DescriptorOf, tables_are_refined_until_they_are_within_their_bounds) {
    const auto model = subject(GetParam());
    // Embedding functions as steep as only long training makes them.
    const auto& architecture = model->architecture();
    std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
    for (const auto& plan : architecture.embeddings) {
        const auto& w = architecture.info(plan.layers[0].w);
        for (std::size_t k = 0; k < w.size; ++k) parameters[w.offset + k] *= 8;
    }
    model->set_parameters(parameters);
    model->set_table_intervals(64);
    EXPECT_FALSE(model->tabulation()->within_bounds());
    const auto refined = model->refine_tabulation();
    EXPECT_TRUE(refined->within_bounds());
    EXPECT_GT(refined->intervals, 64);
    EXPECT_EQ(model->tabulation()->intervals, refined->intervals);
}

TEST_P(DescriptorOf, tables_too_coarse_to_mean_anything_are_refused) {
    const auto model = subject(GetParam());
    for (const int intervals : {-1, 0, 1, least_table_intervals - 1}) EXPECT_THROW(model->set_table_intervals(intervals), InputError);
    EXPECT_NO_THROW(model->set_table_intervals(least_table_intervals));
}

INSTANTIATE_TEST_SUITE_P(Kind, DescriptorOf, ::testing::Values("se_e2_a", "se_e2_a_one_side", "se_e2_r", "se_e2_r_pairs", "se_e3"),
                         [](const auto& info) { return info.param; });

TEST(TableAxis, positions_and_knots_are_inverse_and_slopes_match_finite_differences) {
    const auto axis = TableAxis::covering(-3, 80, 200);
    for (const double x : {-3.0, -0.7, 0.0, 0.01, 1.0, 12.0, 80.0}) {
        const auto p = position(axis, x);
        EXPECT_GE(x, axis.knot(p.row));
        EXPECT_LE(x, axis.knot(p.row + 1));
        double sum = 0, slope = 0;
        for (int m = 0; m < 4; ++m) {
            sum += p.basis[m];
            slope += p.slope[m];
        }
        EXPECT_NEAR(sum, 1, 1e-14);
        EXPECT_NEAR(slope, 0, 1e-12);
        const double step = 1e-6 * (1 + std::abs(x));
        const auto up = position(axis, x + step), down = position(axis, x - step);
        if (up.row != down.row) continue;
        for (int m = 0; m < 4; ++m) EXPECT_NEAR((up.basis[m] - down.basis[m]) / (2 * step), p.slope[m], 1e-5);
    }
}

}  // namespace
}  // namespace alkali::models::deep_potential::tables_tests
