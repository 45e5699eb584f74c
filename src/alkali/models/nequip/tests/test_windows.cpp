#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "alkali/base/random.hpp"
#include "alkali/models/common/domains.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/nequip/model.hpp"
#include "alkali/models/nequip/windows.hpp"

namespace alkali::models::nequip::windows_tests {
namespace {

structure::Structure rattled_bcc(int n) {
    const double a = 3.4;
    const structure::Structure cell{structure::Cell::cubic(a), {3, 3}, {Vec3::Zero(), Vec3::Constant(a / 2)}};
    auto crystal = structure::repeated(cell, {n, n, n});
    base::Random random(5);
    for (Vec3& r : crystal.positions)
        for (int k = 0; k < 3; ++k) r[k] += 0.1 * random.normal();
    return crystal;
}

const std::vector<std::string> lithium{"Li"};

/// Walks through the schedule: whose row stands where, window by window.
void expect_every_row_there_when_needed(const Graph& graph, const Windows& windows) {
    std::vector<std::int32_t> owner(static_cast<std::size_t>(windows.rows), -1);
    std::set<std::int32_t> made;
    int next = 0;
    const IncomingEdges& incoming = graph.by_neighbour();
    for (const Window& window : windows.windows) {
        EXPECT_EQ(window.begin, next);
        next = window.end;
        for (const std::int32_t i : window.enter) {
            EXPECT_TRUE(made.insert(i).second) << "row of " << i << " made twice";
            owner.at(static_cast<std::size_t>(windows.place(i))) = i;
        }
        for (int j = window.begin; j < window.end; ++j)
            for (auto s = incoming.first[static_cast<std::size_t>(j)]; s < incoming.first[static_cast<std::size_t>(j) + 1]; ++s) {
                const std::int32_t i = incoming.centre[static_cast<std::size_t>(s)];
                ASSERT_EQ(owner.at(static_cast<std::size_t>(windows.place(i))), i) << "row needed by atom " << j;
            }
    }
    EXPECT_EQ(next, graph.num_atoms());
}

TEST(NequIPWindows, hold_every_row_from_its_first_to_its_last_use) {
    const auto data = structure_graph(rattled_bcc(6), lithium, 4.5, "test");
    for (const int size : {1, 7, 50, 431, 432, 1000}) {
        SCOPED_TRACE(size);
        expect_every_row_there_when_needed(data.view(), make_windows(data.view(), size));
    }
}

TEST(NequIPWindows, keep_few_rows_of_atoms_numbered_along_a_chain) {
    structure::Structure chain;
    chain.cell = structure::Cell(Mat3(Vec3(1500, 30, 30).asDiagonal()));
    for (int i = 0; i < 500; ++i) chain.add(3, Vec3(3.0 * i, 0, 0));
    const auto data = structure_graph(chain, lithium, 4.5, "test");
    const auto windows = make_windows(data.view(), 20);
    EXPECT_LT(windows.rows, 30);
    expect_every_row_there_when_needed(data.view(), windows);
}

TEST(NequIPWindows, atoms_without_edges_have_no_row) {
    structure::Structure gas;
    gas.cell = structure::Cell(Mat3(Mat3::Identity() * 1000));
    for (int i = 0; i < 10; ++i) gas.add(3, Vec3(90.0 * i, 0, 0));
    const auto data = structure_graph(gas, lithium, 4.5, "test");
    EXPECT_EQ(make_windows(data.view(), 3).rows, 0);
}

Hyperparameters three_layers() {
    Hyperparameters h;
    h.type_names = lithium;
    h.r_max = 4;
    h.num_layers = 3;
    h.l_max = 1;
    h.parity = false;
    h.num_features = {4, 4};
    h.type_embed_num_features = 4;
    h.radial_mlp_width = 8;
    h.avg_num_neighbors = {14};
    h.model_dtype = Precision::float64;
    h.silu_scale = exact_silu_scale();
    h.tanh_scale = exact_tanh_scale();
    return h;
}

TEST(NequIPWindows, a_crystal_larger_than_a_window_equals_copies_of_a_smaller_one) {
    const Hyperparameters h = three_layers();
    NequIP model(h);
    model.set_parameters(initial_parameters(model.architecture(), 3));
    const int n = 6, copies = 3;
    const auto small = rattled_bcc(n);
    const auto large = structure::repeated(small, {copies, copies, copies});
    ASSERT_GT(large.size(), 5000U);
    NoExchange exchange;
    const auto evaluate = [&](const structure::Structure& s) {
        const auto data = structure_graph(s, lithium, h.r_max, "test");
        std::vector<double> energies(s.size());
        std::vector<Vec3> gradient(data.list.edges()), forces(s.size(), Vec3::Zero());
        model.evaluate(data.view(), exchange, {energies, gradient});
        for (std::size_t i = 0; i < s.size(); ++i)
            for (auto e = static_cast<std::size_t>(data.list.first[i]); e < static_cast<std::size_t>(data.list.first[i + 1]); ++e) {
                forces[i] += gradient[e];
                forces[static_cast<std::size_t>(data.list.neighbour[e])] -= gradient[e];
            }
        return std::pair(energies, forces);
    };
    const auto [energies, forces] = evaluate(small);
    const auto [large_energies, large_forces] = evaluate(large);
    double energy_error = 0, force_error = 0, scale = 0;
    for (std::size_t i = 0; i < large.size(); ++i) {
        energy_error = std::max(energy_error, std::abs(large_energies[i] - energies[i % small.size()]));
        force_error = std::max(force_error, (large_forces[i] - forces[i % small.size()]).norm());
        scale = std::max(scale, large_forces[i].norm());
    }
    EXPECT_GT(scale, 1e-3);
    EXPECT_LT(energy_error, 1e-11);
    EXPECT_LT(force_error, 1e-10 * std::max(1.0, scale));
}

TEST(NequIPMemory, rows_given_back_and_computed_again_change_no_bit) {
    const Hyperparameters h = three_layers();
    NequIP held(h), given_back(h, {RadialMode::spline, {}, 0});
    for (NequIP* model : {&held, &given_back}) model->set_parameters(initial_parameters(model->architecture(), 3));
    const auto crystal = rattled_bcc(4);
    for (const auto& counts : {std::array{1, 1, 1}, std::array{2, 1, 1}}) {  // the first with images as ghosts only
        const auto domains = cut_into_domains(crystal, held, counts);
        const auto expected = evaluate_domains(crystal, held, domains);
        for (int round = 0; round < 2; ++round) {  // the second with what the first left
            const auto found = evaluate_domains(crystal, given_back, domains);
            EXPECT_EQ(found.energy, expected.energy);
            EXPECT_EQ(found.forces, expected.forces);
            EXPECT_EQ(found.stress, expected.stress);
        }
    }
}

}  // namespace
}  // namespace alkali::models::nequip::windows_tests
