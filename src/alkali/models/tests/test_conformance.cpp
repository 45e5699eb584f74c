#include <omp.h>

#include <Eigen/Geometry>
#include <cmath>
#include <numeric>

#include "alkali/models/common/domains.hpp"
#include "alkali/models/contract/shared.hpp"
#include "alkali/structure/builders.hpp"
#include "examination.hpp"

namespace alkali::models::testing::conformance_tests {
namespace {

using structure::Structure;

Vec3 random_vector(base::Random& random) { return {random.normal(), random.normal(), random.normal()}; }

// ---- derivatives ----

/// Central difference of the energy along a one-parameter family of structures.
template <class Family>
double energy_slope(calculator::Calculator& calculator, double step, Family family) {
    return (calculator.compute(family(step)).energy - calculator.compute(family(-step)).energy) / (2 * step);
}

TEST_P(Conformance, forces_are_minus_the_gradient_of_the_energy) {
    base::Random random(1);
    for (const auto& s : structures())
        for (int pick = 0; pick < 2; ++pick) {
            std::vector<Vec3> direction(s.size());
            for (Vec3& d : direction) d = random_vector(random) / std::sqrt(3.0 * static_cast<double>(s.size()));
            const auto forces = compute(s).forces;
            double expected = 0, scale = 1;
            for (std::size_t i = 0; i < s.size(); ++i) {
                expected -= forces[i].dot(direction[i]);
                scale += forces[i].norm();
            }
            const double slope = energy_slope(*calculator_, tolerance_.step, [&](double h) {
                Structure moved = s;
                for (std::size_t i = 0; i < s.size(); ++i) moved.positions[i] += h * direction[i];
                return moved;
            });
            EXPECT_NEAR(slope, expected, tolerance_.derivative * scale) << s.size() << " atoms";
        }
}

TEST_P(Conformance, virial_is_minus_the_gradient_of_the_energy_in_strain) {
    base::Random random(2);
    for (const auto& s : structures()) {
        Mat3 strain = Mat3::Zero();
        for (int k = 0; k < 9; ++k) strain(k / 3, k % 3) = 0.1 * random.normal();
        const auto result = compute(s);
        const Mat3 virial = std::accumulate(result.virials.begin(), result.virials.end(), Mat3(Mat3::Zero()));
        const double expected = -virial.cwiseProduct(strain).sum();
        const double slope = energy_slope(*calculator_, tolerance_.step, [&](double h) { return structure::strained(s, h * strain); });
        EXPECT_NEAR(slope, expected, tolerance_.derivative * (1 + virial.norm())) << s.size() << " atoms";
        if (s.cell.fully_periodic()) {
            const double rounding = 10 * tolerance_.force * (1 + virial.cwiseAbs().maxCoeff());
            EXPECT_LE((result.stress * s.cell.volume() + virial).cwiseAbs().maxCoeff(), rounding);
        }
    }
}

TEST_P(Conformance, energies_of_atoms_add_up_and_forces_cancel) {
    for (const auto& s : structures()) {
        const auto result = compute(s);
        EXPECT_NEAR(std::accumulate(result.energies.begin(), result.energies.end(), 0.0), result.energy,
                    1e-12 * (1 + std::abs(result.energy)));
        const Vec3 total = std::accumulate(result.forces.begin(), result.forces.end(), Vec3(Vec3::Zero()));
        EXPECT_LE(total.norm(), 1e-12 * static_cast<double>(s.size()) * (1 + std::abs(result.energy)));
    }
}

// ---- symmetries ----

calculator::Result turned(const calculator::Result& result, const Mat3& q) {
    calculator::Result out = result;
    for (Vec3& force : out.forces) force = q * force;
    for (Mat3& virial : out.virials) virial = (q * virial * q.transpose()).eval();
    out.stress = q * result.stress * q.transpose();
    return out;
}

TEST_P(Conformance, results_turn_with_the_structure_and_with_its_mirror_image) {
    base::Random random(3);
    for (const auto& s : structures())
        for (const double sign : {1.0, -1.0}) {
            const Eigen::Quaterniond rotation(random.normal(), random.normal(), random.normal(), random.normal());
            const Mat3 q = sign * rotation.normalized().toRotationMatrix();
            Structure moved = s;
            moved.cell = structure::Cell(s.cell.vectors() * q.transpose(), s.cell.periodic());
            for (Vec3& position : moved.positions) position = q * position;
            expect_equal(compute(moved), turned(compute(s), q), sign > 0 ? "rotated" : "rotated and inverted");
        }
}

TEST_P(Conformance, atoms_may_come_in_any_order) {
    base::Random random(4);
    for (const auto& s : structures()) {
        std::vector<std::size_t> order(s.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        random.shuffle(order);
        Structure shuffled{s.cell, {}, {}};
        auto expected = compute(s);
        const auto original = expected;
        for (std::size_t i = 0; i < s.size(); ++i) {
            shuffled.add(s.numbers[order[i]], s.positions[order[i]]);
            expected.energies[i] = original.energies[order[i]];
            expected.forces[i] = original.forces[order[i]];
            expected.virials[i] = original.virials[order[i]];
        }
        expect_equal(compute(shuffled), expected, "shuffled");
    }
}

TEST_P(Conformance, translation_and_wrapping_change_nothing) {
    base::Random random(5);
    for (const auto& s : structures()) {
        Structure moved = s;
        const Vec3 shift = 5 * random_vector(random);
        for (Vec3& position : moved.positions) position += shift;
        expect_equal(compute(moved), compute(s), "translated");
        for (Vec3& position : moved.positions) position = moved.cell.wrap(position);
        expect_equal(compute(moved), compute(s), "translated and wrapped");
    }
}

TEST_P(Conformance, a_supercell_has_eight_times_the_energy) {
    const auto s = random_structure(3, 3.4, {true, true, true}, 6);
    auto expected = compute(s);
    const auto small = expected;
    expected.energy *= 8;
    for (int copy = 1; copy < 8; ++copy) {
        expected.energies.insert(expected.energies.end(), small.energies.begin(), small.energies.end());
        expected.forces.insert(expected.forces.end(), small.forces.begin(), small.forces.end());
        expected.virials.insert(expected.virials.end(), small.virials.begin(), small.virials.end());
    }
    expect_equal(compute(structure::repeated(s, {2, 2, 2})), expected, "2x2x2");
}

// ---- locality ----

TEST_P(Conformance, a_lone_atom_has_exactly_its_energy_and_no_force) {
    const auto shift = GetParam().lone_energies(*model_);
    for (std::size_t type = 0; type < numbers_.size(); ++type)
        for (const auto& cell : {structure::Cell(), structure::Cell::cubic(1.01 * model_->cutoff())}) {
            Structure s{cell, {}, {}};
            s.add(numbers_[type], {0.3, -0.2, 0.1});
            const auto result = compute(s);
            EXPECT_EQ(result.energy, shift[type]);
            EXPECT_EQ(result.forces[0].norm(), 0);
            EXPECT_EQ(result.stress.norm(), 0);
        }
    auto s = cluster();
    s.add(numbers_[1], {60.0, 0.0, 0.0});
    const auto result = compute(s);
    EXPECT_EQ(result.energies.back(), shift[1]) << "beside a cluster";
    EXPECT_EQ(result.forces.back().norm(), 0);
}

TEST_P(Conformance, two_clusters_far_apart_are_the_sum_of_both) {
    const auto a = cluster(), b = random_structure(7, 5.5, {false, false, false}, 7);
    Structure both = a;
    for (std::size_t i = 0; i < b.size(); ++i) both.add(b.numbers[i], b.positions[i] + Vec3(80, -50, 30));
    auto expected = compute(a);
    const auto second = compute(b);
    expected.energy += second.energy;
    expected.stress += second.stress * (b.cell.volume() / a.cell.volume());
    expected.energies.insert(expected.energies.end(), second.energies.begin(), second.energies.end());
    expected.forces.insert(expected.forces.end(), second.forces.begin(), second.forces.end());
    expected.virials.insert(expected.virials.end(), second.virials.begin(), second.virials.end());
    expect_equal(compute(both), expected, "together");
}

/// An atom that leaves the reach of a first atom, while a second stays within it and a third is known only through the first.
Structure leaving(const std::array<int, 2>& species, double distance) {
    Structure s;
    s.add(species[0], {0, 0, 0});
    s.add(species[1], {distance, 0, 0});
    s.add(species[0], {1.5, 2.0, 0.3});
    s.add(species[1], {-2.1, 0.4, 0.2});
    return s;
}

TEST_P(Conformance, energy_and_forces_are_continuous_at_the_cutoff) {
    const double r = model_->cutoff(), step = 1e-6;
    for (const int first : numbers_)
        for (const int second : numbers_) {
            const auto inside = compute(leaving({first, second}, r - step)), outside = compute(leaving({first, second}, r + step));
            EXPECT_NEAR(inside.energy, outside.energy + 2 * step * outside.forces[1][0],
                        1e-10 + tolerance_.energy * (1 + std::abs(inside.energy)));
            for (std::size_t i = 0; i < inside.forces.size(); ++i)
                EXPECT_LE((inside.forces[i] - outside.forces[i]).norm(),
                          100 * step + 10 * tolerance_.force * (1 + inside.forces[i].norm()));
        }
}

TEST_P(Conformance, second_derivative_is_continuous_at_the_cutoff) {
    if (model_->precision() != Precision::float64) return;  // differences of float32 features say nothing about it
    const double r = model_->cutoff();
    const auto force = [&](int first, int second, double distance) {
        return calculator_->compute(leaving({first, second}, distance)).forces[1][0];
    };
    for (const int first : numbers_)
        for (const int second : numbers_) {
            // Curvatures at both sides approach each other as their distance shrinks.
            const auto jump = [&](double gap) {
                const double h = gap / 4;
                const auto curvature = [&](double distance) {
                    return (force(first, second, distance + h) - force(first, second, distance - h)) / (2 * h);
                };
                return std::abs(curvature(r + gap / 2) - curvature(r - gap / 2));
            };
            EXPECT_LE(jump(1e-4), 0.2 * jump(1e-3) + 1e-7);
        }
}

// ---- batches, domains, threads, files ----

TEST_P(Conformance, a_batch_gives_what_its_frames_give_alone) {
    const auto frames = structures();
    std::vector<int> types, neighbour;
    std::vector<std::int64_t> first{0};
    std::vector<Vec3> vector;
    std::vector<double> expected_gradient(model_->parameters().size(), 0.0);
    Loss all;
    Output expected;
    const auto pass = model_->make_training_pass();
    for (const auto& frame : frames) {
        const auto loss = random_loss(frame, 20 + types.size());
        const auto graph = loss.graph.view();
        const auto out = evaluate(*model_, graph);
        expected.energies.insert(expected.energies.end(), out.energies.begin(), out.energies.end());
        expected.edge_gradient.insert(expected.edge_gradient.end(), out.edge_gradient.begin(), out.edge_gradient.end());
        const auto part = gradient(*pass, loss);
        for (std::size_t k = 0; k < part.size(); ++k) expected_gradient[k] += part[k];
        for (const int j : graph.neighbour) neighbour.push_back(j + static_cast<int>(types.size()));
        for (std::size_t i = 1; i < graph.first.size(); ++i) first.push_back(static_cast<std::int64_t>(vector.size()) + graph.first[i]);
        types.insert(types.end(), graph.types.begin(), graph.types.end());
        vector.insert(vector.end(), graph.vector.begin(), graph.vector.end());
        all.energies.insert(all.energies.end(), loss.energies.begin(), loss.energies.end());
        all.edges.insert(all.edges.end(), loss.edges.begin(), loss.edges.end());
    }
    Graph batch{static_cast<int>(types.size()), 0, types, first, neighbour, vector};
    const auto incoming = incoming_edges(batch);
    batch.incoming = &incoming;
    const auto out = evaluate(*pass, batch);
    double energy_error = 0, edge_error = 0, edge_scale = 1;
    for (std::size_t i = 0; i < types.size(); ++i)
        energy_error = std::max(energy_error, std::abs(out.energies[i] - expected.energies[i]) / (1 + std::abs(expected.energies[i])));
    for (std::size_t e = 0; e < vector.size(); ++e) {
        edge_error = std::max(edge_error, (out.edge_gradient[e] - expected.edge_gradient[e]).norm());
        edge_scale = std::max(edge_scale, expected.edge_gradient[e].norm());
    }
    EXPECT_LE(energy_error, tolerance_.energy);
    EXPECT_LE(edge_error, tolerance_.force * edge_scale);
    std::vector<double> got(expected_gradient.size(), 0.0);
    pass->accumulate_gradient(all.seeds(), got);
    for (const auto& info : model_->layout()) {
        double error = 0, scale = 1;
        for (std::size_t k = info.offset; k < info.offset + info.size; ++k) {
            error = std::max(error, std::abs(got[k] - expected_gradient[k]));
            scale = std::max(scale, std::abs(expected_gradient[k]));
        }
        EXPECT_LE(error, tolerance_.force * scale) << info.name;
    }
}

TEST_P(Conformance, parameter_gradient_is_that_of_the_model_in_float64) {
    const auto exact = reloaded(*model_, Precision::float64);
    const auto pass = model_->make_training_pass();
    const std::vector<Loss> losses{random_loss(structures().front(), 30), random_loss(cluster(), 31)};
    std::vector<std::vector<double>> slopes;
    for (const auto& loss : losses) slopes.push_back(gradient(*pass, loss));
    const std::vector<double> start(model_->parameters().begin(), model_->parameters().end());
    base::Random random(9);
    for (const auto& info : model_->layout()) {
        if (!info.trainable) continue;
        std::vector<double> direction(info.size);
        for (double& d : direction) d = random.normal() / std::sqrt(static_cast<double>(info.size));
        // O of every loss a step away from the start.
        const auto objectives = [&](double step) {
            auto moved = start;
            for (std::size_t k = 0; k < info.size; ++k) moved[info.offset + k] += step * direction[k];
            exact->set_parameters(moved);
            return std::array{objective(*exact, losses[0]), objective(*exact, losses[1])};
        };
        const double step = 1e-5;
        const auto up = objectives(step), down = objectives(-step);
        for (std::size_t l = 0; l < losses.size(); ++l) {
            double expected = 0, scale = 1;
            for (std::size_t k = 0; k < info.size; ++k) {
                expected += direction[k] * slopes[l][info.offset + k];
                scale += std::abs(direction[k] * slopes[l][info.offset + k]);
            }
            EXPECT_NEAR(expected, (up[l] - down[l]) / (2 * step), std::max(tolerance_.force, 1e-7) * scale) << info.name;
        }
    }
}

TEST_P(Conformance, a_training_pass_remembers_nothing_of_the_graph_before) {
    const auto large = random_loss(random_structure(20, 7.5, {true, true, true}, 2), 40), small = random_loss(cluster(), 41);
    const auto used = model_->make_training_pass(), fresh = model_->make_training_pass();
    static_cast<void>(gradient(*used, large));
    EXPECT_EQ(gradient(*used, small), gradient(*fresh, small));
    EXPECT_EQ(gradient(*used, large), gradient(*model_->make_training_pass(), large));
    EXPECT_EQ(evaluate(*used, small.graph.view()), evaluate(*fresh, small.graph.view()));
}

TEST_P(Conformance, a_graph_cut_into_domains_gives_what_the_whole_gives) {
    bool had_empty = false;
    const auto check = [&](const Structure& s, const std::array<int, 3>& counts) {
        const auto domains = cut_into_domains(s, *model_, counts);
        for (const auto& domain : domains) had_empty = had_empty || domain.atoms.empty();
        expect_equal(evaluate_domains(s, *model_, domains), compute(s),
                     std::to_string(domains.size()) + " domains, " + std::to_string(s.size()) + " atoms");
    };
    const auto bulk = random_structure(20, 7.5, {true, true, true}, 2);
    check(bulk, {2, 1, 1});
    check(bulk, {2, 2, 2});
    check(random_structure(3, 3.4, {true, true, true}, 1), {1, 2, 2});
    check(random_structure(6, 5.0, {true, true, false}, 3), {1, 7, 1});
    check(cluster(), {1, 3, 1});
    EXPECT_TRUE(had_empty) << "no domain was empty";
}

TEST_P(Conformance, one_and_two_threads_give_the_same_bits) {
    const auto loss = random_loss(dense_crystal(), 50);
    const auto pass = model_->make_training_pass();
    const auto run = [&](int threads) {
        omp_set_num_threads(threads);
        const auto out = evaluate(*model_, loss.graph.view());
        return std::make_pair(out, gradient(*pass, loss));
    };
    const auto one = run(1), two = run(2);
    EXPECT_EQ(one.first, two.first);
    EXPECT_EQ(one.second, two.second);
}

TEST_P(Conformance, as_member_of_a_committee_it_gives_the_bits_it_gives_alone) {
    const auto other = reloaded(*model_, {});
    Workspaces workspaces;
    for (const auto& s : structures()) {  // the memory is left by another model and another structure
        const auto data = structure_graph(s, model_->type_names(), model_->cutoff(), "test");
        const auto alone = evaluate(*model_, data.view());
        GraphShare share;
        Graph graph = data.view();
        graph.share = &share;
        graph.workspaces = &workspaces;
        static_cast<void>(evaluate(*other, graph));
        EXPECT_EQ(evaluate(*model_, graph), alone) << s.size() << " atoms";
    }
}

TEST_P(Conformance, a_model_file_brings_back_every_bit) {
    const auto once = reloaded(*model_, {});
    EXPECT_EQ(once->precision(), model_->precision());
    EXPECT_EQ(once->hyperparameters(), model_->hyperparameters());
    EXPECT_TRUE(std::equal(once->parameters().begin(), once->parameters().end(), model_->parameters().begin(), model_->parameters().end()));
    const auto twice = reloaded(*once, {});
    for (const auto& s : structures()) {
        const auto graph = structure_graph(s, model_->type_names(), model_->cutoff(), "test");
        EXPECT_EQ(evaluate(*once, graph.view()), evaluate(*twice, graph.view()));
        expect_equal(ModelCalculator(once, "once").compute(s, {.per_atom = true}), compute(s), "reloaded");
    }
}

TEST_P(Conformance, precision_costs_at_most_what_it_promises) {
    const auto exact = reloaded(*model_, Precision::float64);
    for (const auto& s : structures()) {
        const auto got = compute(s), expected = ModelCalculator(exact, "float64").compute(s, {.per_atom = true});
        expect_equal(got, expected, "against float64");
        EXPECT_NEAR(got.energy, expected.energy, 1e-5 * static_cast<double>(s.size()));
        for (std::size_t i = 0; i < s.size(); ++i) EXPECT_LE((got.forces[i] - expected.forces[i]).cwiseAbs().maxCoeff(), 1e-4);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, Conformance, ::testing::ValuesIn(subjects()), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace alkali::models::testing::conformance_tests
