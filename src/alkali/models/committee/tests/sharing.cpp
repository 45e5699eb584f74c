#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/models/committee/committee.hpp"
#include "alkali/models/common/shared_structure.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/models/nequip/model.hpp"

namespace alkali::models::sharing_tests {
namespace {

using nlohmann::json;

std::shared_ptr<TrainableModel> nequip(json more, std::uint64_t seed) {
    if (more.is_null()) more = json::object();
    json hyper = {{"type_names", {"Li", "Mg"}},
                  {"r_max", 4.0},
                  {"l_max", 1},
                  {"num_layers", 2},
                  {"num_features", 6},
                  {"num_bessels", 4},
                  {"radial_mlp_width", 8},
                  {"avg_num_neighbors", 12.0},
                  {"spline_intervals", 64},
                  {"model_dtype", "float64"}};
    hyper.update(more);
    auto model = std::make_shared<nequip::NequIP>(nequip::Hyperparameters::from_json(hyper));
    auto parameters = nequip::initial_parameters(model->architecture(), seed);
    const auto& scales = model->architecture().info(model->architecture().scales);
    for (std::size_t t = 0; t < scales.size; ++t) parameters[scales.offset + t] = 4;  // forces as in metals
    model->set_parameters(parameters);
    return model;
}

std::shared_ptr<TrainableModel> toy(double r_max, std::uint64_t seed) {
    base::NullSink log;
    return std::shared_ptr<TrainableModel>(
        testing::toy_kind().create({{"type_names", {"Mg", "Li"}}, {"r_max", r_max}, {"num_gaussians", 5}}, {}, seed, log));
}

using Models = std::vector<std::shared_ptr<TrainableModel>>;

Committee committee_of(const Models& models) {
    std::vector<std::unique_ptr<calculator::Calculator>> members;
    for (const auto& model : models) members.push_back(std::make_unique<ModelCalculator>(model, "m"));
    return Committee(std::move(members));
}

/// Architectures, precisions, cutoffs and orders of types that differ, and two that are alike.
Models mixture() {
    return {nequip({}, 1),
            nequip({}, 2),
            nequip({{"model_dtype", "mixed"}, {"l_max", 2}, {"num_features", 20}, {"num_layers", 3}}, 3),
            nequip({{"type_names", {"Mg", "Li"}}, {"r_max", 3.5}}, 4),
            toy(4.5, 5),
            toy(3.0, 6)};
}

structure::Structure sample(std::uint64_t seed) { return testing::random_structure(18, 7.0, seed, {3, 12}); }

bool same(const calculator::Result& a, const calculator::Result& b) {
    return a.energy == b.energy && a.forces == b.forces && a.stress == b.stress && a.energies == b.energies && a.virials == b.virials;
}

TEST(SharedStructure, gives_every_model_the_bits_it_has_alone) {
    const auto models = mixture();
    Workspaces workspaces;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {  // memory left by other models and other structures
        const auto structure = sample(seed);
        SharedStructure shared(structure, 4.5, &workspaces, "");
        for (const auto& model : models) {
            ModelCalculator alone(model, "alone"), member(model, "member");
            EXPECT_TRUE(same(member.compute(structure, shared.graph(*model), {true}), alone.compute(structure, {true})));
        }
    }
}

TEST(SharedStructure, makes_one_graph_for_models_of_one_cutoff_and_order_of_types) {
    const auto structure = sample(1);
    SharedStructure shared(structure, 4.5, nullptr, "");
    const auto models = mixture();
    const Graph first = shared.graph(*models[0]), second = shared.graph(*models[1]), reordered = shared.graph(*models[3]);
    EXPECT_EQ(first.vector.data(), second.vector.data());
    EXPECT_EQ(first.incoming, second.incoming);
    EXPECT_EQ(first.share, second.share);
    EXPECT_NE(first.share, reordered.share);
    EXPECT_LT(reordered.num_edges(), first.num_edges());
    EXPECT_THROW(static_cast<void>(shared.graph(*toy(4.6, 1))), InternalError);
}

TEST(Committee, of_any_mixture_is_the_mean_of_separate_runs) {
    const auto models = mixture();
    auto committee = committee_of(models);
    const auto structure = sample(7);
    calculator::Result expected;
    expected.forces.assign(structure.size(), Vec3::Zero());
    for (const auto& model : models) {
        const auto one = ModelCalculator(model, "alone").compute(structure);
        expected.energy += one.energy / 6;
        for (std::size_t i = 0; i < structure.size(); ++i) expected.forces[i] += one.forces[i] / 6;
    }
    for (int again = 0; again < 2; ++again) {
        const auto mean = committee.compute(structure);
        EXPECT_NEAR(mean.energy, expected.energy, 1e-12);
        for (std::size_t i = 0; i < structure.size(); ++i) EXPECT_LT((mean.forces[i] - expected.forces[i]).norm(), 1e-12);
    }
}

/// The formulas of docs/theory/uncertainty.md, written out.
TEST(Committee, deviation_is_that_of_separate_runs) {
    const auto models = mixture();
    auto committee = committee_of(models);
    const auto structure = sample(8);
    const auto n = static_cast<double>(models.size()), atoms = static_cast<double>(structure.size());
    std::vector<calculator::Result> runs;
    for (const auto& model : models) runs.push_back(ModelCalculator(model, "alone").compute(structure));
    static_cast<void>(committee.compute(structure));
    const auto& deviation = committee.deviation();

    double largest = 0, smallest = 1e9, sum = 0;
    for (std::size_t i = 0; i < structure.size(); ++i) {
        Vec3 mean = Vec3::Zero();
        for (const auto& run : runs) mean += run.forces[i] / n;
        double square = 0;
        for (const auto& run : runs) square += (run.forces[i] - mean).squaredNorm() / n;
        EXPECT_NEAR(deviation.by_atom[i], std::sqrt(square), 1e-12);
        largest = std::max(largest, std::sqrt(square));
        smallest = std::min(smallest, std::sqrt(square));
        sum += std::sqrt(square);
    }
    EXPECT_NEAR(deviation.forces.largest, largest, 1e-12);
    EXPECT_NEAR(deviation.forces.smallest, smallest, 1e-12);
    EXPECT_NEAR(deviation.forces.average, sum / atoms, 1e-12);
    EXPECT_GT(smallest, 0);

    const double volume = structure.cell.volume();
    Eigen::Matrix<double, 9, 1> components;
    for (int k = 0; k < 9; ++k) {
        double mean = 0, square = 0;
        for (const auto& run : runs) mean += run.stress(k / 3, k % 3) * volume / atoms / n;
        for (const auto& run : runs) square += std::pow(run.stress(k / 3, k % 3) * volume / atoms - mean, 2) / n;
        components[k] = std::sqrt(square);
    }
    EXPECT_NEAR(deviation.virial->largest, components.maxCoeff(), 1e-12);
    EXPECT_NEAR(deviation.virial->smallest, components.minCoeff(), 1e-12);
    EXPECT_NEAR(deviation.virial->average, components.norm() / 3, 1e-12);

    double mean = 0, square = 0;
    for (const auto& run : runs) mean += run.energy / atoms / n;
    for (const auto& run : runs) square += std::pow(run.energy / atoms - mean, 2) / n;
    EXPECT_NEAR(deviation.energy, std::sqrt(square), 1e-12);
}

TEST(Committee, names_an_unknown_species_and_atoms_that_overlap) {
    auto committee = committee_of({nequip({}, 1), toy(3.0, 2)});
    auto structure = sample(1);
    structure.numbers[3] = 8;
    EXPECT_THROW(static_cast<void>(committee.compute(structure)), InputError);
    structure = sample(1);
    structure.positions[1] = structure.positions[0];
    EXPECT_THROW(static_cast<void>(committee.compute(structure)), InputError);
}

TEST(GraphShare, makes_a_value_once_for_all_threads_and_keeps_types_and_keys_apart) {
    GraphShare share;
    std::atomic<int> made = 0;
    std::vector<const std::vector<double>*> got(8);
    std::vector<std::thread> threads;
    for (auto& one : got)
        threads.emplace_back(
            [&] { one = share.get<std::vector<double>>("lengths", [&] { return std::vector<double>(10, ++made); }).get(); });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(std::count(got.begin(), got.end(), got[0]), 8);
    EXPECT_EQ(*share.get<int>("lengths", [] { return 5; }), 5);
    EXPECT_EQ(share.get<std::vector<double>>("others", [&] { return std::vector<double>(1, ++made); })->front(), 2);
}

TEST(GraphShare, tries_again_after_a_failure) {
    GraphShare share;
    EXPECT_THROW(static_cast<void>(share.get<int>("a", []() -> int { throw InputError("no"); })), InputError);
    EXPECT_EQ(*share.get<int>("a", [] { return 3; }), 3);
}

TEST(Workspaces, are_handed_on_but_never_held_by_two) {
    Workspaces workspaces;
    auto first = workspaces.take<std::vector<int>>(), second = workspaces.take<std::vector<int>>();
    EXPECT_NE(first, second);
    const auto* memory = first.get();
    workspaces.give_back(std::move(first));
    EXPECT_EQ(workspaces.take<std::vector<int>>().get(), memory);
}

}  // namespace
}  // namespace alkali::models::sharing_tests
