#include "alkali/dynamics/relax.hpp"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/dynamics/tests/pair_potential.hpp"
#include "alkali/dynamics/vacuum.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::dynamics::relax_tests {
namespace {

using structure::Structure;
using testing_aid::LennardJones;

LennardJones argon() { return {0.01, 3.4, 8.5}; }

Structure disturbed(double sigma, std::uint64_t seed) {
    base::Random random(seed);
    return structure::rattled(structure::repeated(structure::fcc("Ar", 5.3), {2, 2, 2}), sigma, random);
}

Structure sheared(const Structure& s) {
    Mat3 strain;
    strain << 0.03, 0.02, -0.01, 0.02, -0.02, 0.015, -0.01, 0.015, 0.01;
    return structure::strained(s, strain);
}

RelaxOptions tight(Method method) {
    RelaxOptions options;
    options.method = method;
    options.fmax = 1e-7;
    options.stress_tolerance = 1e-8;
    options.max_steps = 20000;
    return options;
}

class EveryMethod : public ::testing::TestWithParam<Method> {};

TEST_P(EveryMethod, a_dimer_goes_to_the_minimum_of_its_pair_potential) {
    auto lj = argon();
    const auto result = relax(lj, structure::dimer("Ar", "Ar", 4.2), tight(GetParam()));
    EXPECT_TRUE(result.converged);
    EXPECT_NEAR((result.structure.positions[1] - result.structure.positions[0]).norm(), 3.4 * std::pow(2.0, 1.0 / 6), 1e-5);
    EXPECT_NEAR(result.result.energy, -0.01, 1e-12);
}

TEST_P(EveryMethod, a_rattled_crystal_relaxes_to_the_perfect_one) {
    auto lj = argon();
    const double perfect = lj.Calculator::compute(structure::fcc("Ar", 5.3)).energy * 8;
    const auto result = relax(lj, disturbed(0.15, 3), tight(GetParam()));
    EXPECT_TRUE(result.converged);
    EXPECT_NEAR(result.result.energy, perfect, 1e-10);
}

TEST_P(EveryMethod, a_sheared_cell_relaxes_to_the_cubic_one_without_stress) {
    auto lj = argon();
    auto options = tight(GetParam());
    options.freedom.cell = CellFreedom::full;
    const auto cubic = relax(lj, structure::fcc("Ar", 5.3), options);
    const auto result = relax(lj, sheared(disturbed(0.05, 5)), options);
    EXPECT_TRUE(result.converged);
    EXPECT_LT(result.result.stress.cwiseAbs().maxCoeff(), 1e-8);
    EXPECT_NEAR(result.result.energy / 32, cubic.result.energy / 4, 1e-9);
    EXPECT_NEAR(result.structure.cell.volume() / 32, cubic.structure.cell.volume() / 4, 1e-4);
}

/// A model that knows nothing of short distances: all pairs attract.
class Attraction final : public calculator::Calculator {
public:
    using Calculator::compute;
    [[nodiscard]] calculator::Result compute(const Structure& structure, const calculator::Request&) override {
        if (structure.cell.volume() < refused) throw InputError("the cutoff spans too many images of the cell");
        calculator::Result result;
        const auto list = structure::neighbour_list(structure, 5.0);
        result.forces.assign(structure.size(), Vec3::Zero());
        for (std::size_t i = 0; i < structure.size(); ++i)
            for (auto e = list.first[i]; e < list.first[i + 1]; ++e) {
                const Vec3& d = list.vector[static_cast<std::size_t>(e)];
                const double left = 5.0 - d.norm();
                result.energy -= 0.5 * left * left;
                result.forces[i] += 2 * left / d.norm() * d;
                if (structure.cell.volume() > 0) result.stress += left / d.norm() * d * d.transpose() / structure.cell.volume();
            }
        return result;
    }
    [[nodiscard]] std::string name() const override { return "attraction"; }
    [[nodiscard]] std::vector<int> species() const override { return {18}; }
    [[nodiscard]] double cutoff() const override { return 5.0; }
    double refused = 0;  ///< below this volume
};

TEST_P(EveryMethod, a_cell_that_collapses_is_told_and_given_back_while_it_was_sane) {
    Attraction model;
    auto options = tight(GetParam());
    options.freedom.cell = CellFreedom::full;
    const auto start = structure::fcc("Ar", 5.3);
    const auto result = relax(model, start, options);
    EXPECT_FALSE(result.converged);
    EXPECT_NE(result.ran_away.find("the volume came to 0."), std::string::npos) << result.ran_away;
    EXPECT_GT(result.structure.cell.volume(), start.cell.volume() / 3);
    EXPECT_NEAR(result.result.energy, model.Calculator::compute(result.structure).energy, 1e-9);
    const std::string text = not_converged(result, options, "a.xyz, frame 3").what();
    EXPECT_NE(text.find("a.xyz, frame 3"), std::string::npos) << text;
    EXPECT_NE(text.find("the relaxation ran away: after "), std::string::npos) << text;
    model.refused = 0.8 * start.cell.volume();
    const auto refused = relax(model, start, options);
    EXPECT_NE(refused.ran_away.find("images of the cell"), std::string::npos) << refused.ran_away;
    EXPECT_GE(refused.structure.cell.volume(), model.refused);
}

TEST_P(EveryMethod, atoms_that_fall_onto_one_another_are_told) {
    Attraction model;
    const auto result = relax(model, structure::dimer("Ar", "Ar", 3.0), tight(GetParam()));
    EXPECT_FALSE(result.converged);
    EXPECT_NE(result.ran_away.find("nearer than 0.35"), std::string::npos) << result.ran_away;
    EXPECT_GT((result.structure.positions[1] - result.structure.positions[0]).norm(), 0.35);
}

TEST_P(EveryMethod, fixed_atoms_do_not_move_and_their_forces_do_not_count) {
    auto lj = argon();
    const Structure start = disturbed(0.1, 7);
    auto options = tight(GetParam());
    options.freedom.fixed_atoms.assign(start.size(), false);
    options.freedom.fixed_atoms[0] = options.freedom.fixed_atoms[9] = true;
    const auto result = relax(lj, start, options);
    EXPECT_TRUE(result.converged);
    EXPECT_EQ(result.structure.positions[0], start.positions[0]);
    EXPECT_EQ(result.structure.positions[9], start.positions[9]);
    EXPECT_GT(result.result.forces[0].norm(), 1e-4);
    EXPECT_NE(result.structure.positions[1], start.positions[1]);
}

INSTANTIATE_TEST_SUITE_P(Relax, EveryMethod, ::testing::Values(Method::fire, Method::lbfgs),
                         [](const auto& info) { return info.param == Method::fire ? "fire" : "lbfgs"; });

TEST(Relax, the_cell_balances_a_given_pressure) {
    auto lj = argon();
    auto options = tight(Method::lbfgs);
    for (const auto freedom : {CellFreedom::full, CellFreedom::isotropic}) {
        options.freedom.cell = freedom;
        options.freedom.pressure = 0.005;
        const auto result = relax(lj, structure::fcc("Ar", 5.3), options);
        EXPECT_TRUE(result.converged);
        EXPECT_NEAR(-result.result.stress.trace() / 3, 0.005, 2e-8);
        EXPECT_LT(result.structure.cell.volume(), std::pow(5.3, 3));
    }
}

TEST(Relax, shape_relaxation_keeps_the_volume_and_removes_the_shear) {
    auto lj = argon();
    auto options = tight(Method::lbfgs);
    options.freedom.cell = CellFreedom::shape;
    const Structure start = sheared(structure::fcc("Ar", 5.2));
    const auto result = relax(lj, start, options);
    EXPECT_TRUE(result.converged);
    EXPECT_NEAR(result.structure.cell.volume(), start.cell.volume(), 1e-9);
    const Mat3 stress = result.result.stress;
    EXPECT_LT((stress - Mat3::Identity() * stress.trace() / 3).norm(), 3e-8);
}

class EveryHold : public ::testing::TestWithParam<std::array<bool, 3>> {};
INSTANTIATE_TEST_SUITE_P(Relax, EveryHold,
                         ::testing::Values(std::array<bool, 3>{}, std::array<bool, 3>{false, false, true},
                                           std::array<bool, 3>{true, false, false}, std::array<bool, 3>{true, false, true}));

TEST_P(EveryHold, the_gradient_is_the_derivative_of_the_enthalpy_for_every_freedom) {
    auto lj = argon();
    base::Random random(11);
    const auto held = std::count(GetParam().begin(), GetParam().end(), true);
    for (const auto cell : {CellFreedom::fixed, CellFreedom::full, CellFreedom::isotropic, CellFreedom::shape}) {
        if (cell == CellFreedom::shape && held == 2) continue;  // refused
        Freedom freedom;
        freedom.cell = cell;
        freedom.held = GetParam();
        freedom.pressure = held == 0 ? 0.01 : 0;
        const Coordinates coordinates(sheared(structure::fcc("Ar", 5.2)), freedom);
        const auto enthalpy = [&](const Eigen::VectorXd& x) {
            const auto s = coordinates.structure(x);
            return coordinates.enthalpy(s, lj.Calculator::compute(s));
        };
        Eigen::VectorXd x = coordinates.start(), direction = Eigen::VectorXd::Zero(x.size());
        if (cell != CellFreedom::fixed) {
            // A point away from the reference, inside the space of this freedom.
            const Structure s = coordinates.structure(x);
            x -= 0.3 * coordinates.gradient(x, s, lj.Calculator::compute(s)).normalized();
        }
        const Structure s = coordinates.structure(x);
        const Eigen::VectorXd g = coordinates.gradient(x, s, lj.Calculator::compute(s));
        for (Eigen::Index i = 0; i < 12; ++i) direction[i] = random.normal();
        if (cell != CellFreedom::fixed) direction.tail<9>() = g.tail<9>().normalized();
        constexpr double h = 1e-4;
        const double numeric = (enthalpy(x + h * direction) - enthalpy(x - h * direction)) / (2 * h);
        EXPECT_NEAR(g.dot(direction), numeric, 1e-7) << static_cast<int>(cell);
    }
}

/// A slab of four layers, face (001) along c, with another extent of its cell than it wants; c repeats across vacuum or not at all.
Structure slab(double gap, bool repeats) {
    Structure s = structure::repeated(structure::fcc("Ar", 5.35), {2, 2, 2});
    Mat3 vectors = s.cell.vectors();
    vectors(2, 2) += gap;
    s.cell = structure::Cell(vectors, {true, true, repeats});
    base::Random random(3);
    return structure::rattled(s, 0.05, random);
}

TEST(Relax, the_cell_of_a_slab_changes_within_its_plane_alone) {
    auto lj = argon();
    auto options = tight(Method::lbfgs);
    options.freedom.cell = CellFreedom::full;
    options.freedom.held = {false, false, true};
    const auto result = relax(lj, slab(12, true), options);
    ASSERT_TRUE(result.converged);
    const Mat3 start = slab(12, true).cell.vectors(), end = result.structure.cell.vectors();
    EXPECT_EQ(end.row(2), start.row(2)) << "the vacuum stays";
    EXPECT_LT(end(0, 0), start(0, 0) - 0.01) << "the plane shrinks to what the slab wants";
    EXPECT_LT((result.result.stress.topLeftCorner<2, 2>().cwiseAbs().maxCoeff()), 1e-8);

    // The same slab without a third vector, or with one that does not repeat.
    for (const double length : {0.0, 5.35 * 2, 40.0}) {
        Structure open = slab(12, true);
        Mat3 vectors = open.cell.vectors();
        vectors.row(2) = Vec3(0, 0, length).transpose();
        open.cell = structure::Cell(vectors, {true, true, false});
        options.freedom.held = {};
        const auto same = relax(lj, open, options);
        ASSERT_TRUE(same.converged) << length;
        EXPECT_NEAR(same.result.energy, result.result.energy, 1e-7) << length;
        EXPECT_EQ(same.structure.cell.vector(2), Vec3(0, 0, length));
        EXPECT_NEAR(same.structure.cell.vectors()(0, 0), end(0, 0), 1e-4) << length;
    }
}

TEST(Relax, a_slab_knows_isotropic_and_shape_relaxation_of_its_area) {
    auto lj = argon();
    auto options = tight(Method::lbfgs);
    Mat3 shear = Mat3::Zero();
    shear(0, 0) = 0.02;
    shear(0, 1) = shear(1, 0) = 0.01;
    const Structure start = structure::strained(slab(12, false), shear);
    const auto area = [](const Structure& s) { return s.cell.vector(0).cross(s.cell.vector(1)).norm(); };
    options.freedom.cell = CellFreedom::shape;
    const auto shape = relax(lj, start, options);
    ASSERT_TRUE(shape.converged);
    EXPECT_NEAR(area(shape.structure), area(start), 1e-8);
    EXPECT_NEAR(shape.result.stress(0, 0), shape.result.stress(1, 1), 3e-8);
    options.freedom.cell = CellFreedom::isotropic;
    const auto isotropic = relax(lj, start, options);
    ASSERT_TRUE(isotropic.converged);
    EXPECT_NEAR(isotropic.result.stress(0, 0) + isotropic.result.stress(1, 1), 0, 3e-8);
    const Mat3 scaled = isotropic.structure.cell.vectors();
    EXPECT_NEAR(scaled(0, 0) / start.cell.vectors()(0, 0), scaled(0, 1) / start.cell.vectors()(0, 1), 1e-9);
}

TEST(Relax, pressure_or_shape_of_what_has_too_few_free_directions_is_refused) {
    auto lj = argon();
    RelaxOptions options;
    options.freedom.cell = CellFreedom::full;
    options.freedom.pressure = 0.01;
    EXPECT_THROW(static_cast<void>(relax(lj, slab(12, false), options)), InputError);
    options.freedom.pressure = 0;
    options.freedom.cell = CellFreedom::shape;
    options.freedom.held = {true, false, true};
    EXPECT_THROW(static_cast<void>(relax(lj, slab(12, true), options)), InputError);
    options.freedom.held = {true, true, true};
    EXPECT_THROW(static_cast<void>(relax(lj, slab(12, true), options)), InputError);
}

TEST(Vacuum, is_where_no_atom_feels_another_across_the_cell) {
    using Flags = std::array<bool, 3>;
    EXPECT_EQ(vacuum_directions(structure::fcc("Ar", 5.3), 8.5), (Flags{false, false, false}));
    EXPECT_EQ(vacuum_directions(slab(12, true), 8.5), (Flags{false, false, true}));
    EXPECT_EQ(vacuum_directions(slab(12, true), 0), (Flags{false, false, true})) << "unknown reach";
    EXPECT_EQ(vacuum_directions(slab(12, false), 8.5), (Flags{false, false, false})) << "what does not repeat is no vacuum to hold";
    EXPECT_EQ(vacuum_directions(slab(3, true), 8.5), (Flags{false, false, false})) << "faces that feel each other";
    EXPECT_EQ(vacuum_directions(slab(3, true), 5), (Flags{false, false, true}));
    // Atoms on both sides of the cell's face: the gap is in the middle.
    Structure split = slab(12, true);
    for (Vec3& p : split.positions)
        if (p[2] > 4) p[2] += 12;
    EXPECT_EQ(vacuum_directions(split, 8.5), (Flags{false, false, true}));
    EXPECT_NEAR(empty_layers(structure::fcc("Ar", 5.3))[0], 2.65, 1e-12);
}

TEST(Relax, lbfgs_needs_far_fewer_evaluations_than_fire) {
    auto lj = argon();
    auto options = tight(Method::fire);
    options.fmax = 1e-4;
    const auto fire = relax(lj, disturbed(0.15, 3), options);
    options.method = Method::lbfgs;
    const auto lbfgs = relax(lj, disturbed(0.15, 3), options);
    EXPECT_LT(2 * lbfgs.last.evaluations, fire.last.evaluations);
}

/// Energies with a scatter like that of single precision on a total energy of 500 eV; it is a function of the positions.
class SinglePrecision final : public calculator::Calculator {
public:
    using Calculator::compute;
    calculator::Result compute(const Structure& s, const calculator::Request& r) override {
        auto result = inner.compute(s, r);
        result.energy += -500 + 6e-5 * std::sin(1e8 * s.positions[1].sum());
        for (Vec3& f : result.forces) f = f.cast<float>().cast<double>();
        return result;
    }
    std::string name() const override { return "single"; }
    std::vector<int> species() const override { return {18}; }
    double cutoff() const override { return 8.5; }
    LennardJones inner = argon();
};

TEST(Relax, lbfgs_converges_where_energies_are_coarser_than_the_last_gains) {
    SinglePrecision coarse;
    auto exact = argon();
    auto options = tight(Method::lbfgs);
    options.fmax = 1e-5;
    const auto result = relax(coarse, disturbed(0.15, 3), options), reference = relax(exact, disturbed(0.15, 3), options);
    EXPECT_TRUE(result.converged);
    EXPECT_LT(result.last.evaluations, 2 * reference.last.evaluations);
}

TEST(Relax, too_few_steps_are_reported_not_hidden) {
    auto lj = argon();
    RelaxOptions options = tight(Method::lbfgs);
    options.max_steps = 3;
    const auto result = relax(lj, disturbed(0.15, 3), options);
    EXPECT_FALSE(result.converged);
    EXPECT_GT(result.last.max_force, options.fmax);
    EXPECT_THROW(static_cast<void>(relax_or_throw(lj, disturbed(0.15, 3), options, "argon")), ConvergenceError);
    // One unit for what is reached and what is wanted: that of alkali relax --smax.
    options.freedom.cell = CellFreedom::full;
    options.stress_tolerance = 1e-3 / 160.2176634;
    const std::string text = not_converged(relax(lj, disturbed(0.15, 3), options), options, "argon").what();
    EXPECT_NE(text.find("1.0e-03 GPa"), std::string::npos) << text;
    EXPECT_EQ(text.find("angstrom^3"), std::string::npos) << text;
}

/// Sums that overflow, as a model far outside its data may have them.
class Broken final : public calculator::Calculator {
public:
    using Calculator::compute;
    calculator::Result compute(const Structure& s, const calculator::Request& r) override {
        ++calls;
        auto result = inner.compute(s, r);
        result.forces[1] *= std::nan("");
        result.stress *= std::nan("");
        return result;
    }
    std::string name() const override { return "broken"; }
    std::vector<int> species() const override { return {18}; }
    double cutoff() const override { return 8.5; }
    int calls = 0;
    LennardJones inner = argon();
};

TEST_P(EveryMethod, forces_that_are_no_numbers_are_not_taken_for_small_ones) {
    Broken broken;
    auto options = tight(GetParam());
    options.freedom.cell = CellFreedom::full;
    const auto result = relax(broken, structure::fcc("Ar", 5.3), options);
    EXPECT_FALSE(result.converged);
    EXPECT_TRUE(std::isnan(result.last.max_force) && std::isnan(result.last.max_stress));
    EXPECT_LT(broken.calls, 5);
}

TEST_P(EveryMethod, takes_no_more_evaluations_than_it_is_given_and_its_numbers_are_those_of_its_structure) {
    for (const int steps : {1, 2, 3, 5, 8}) {
        auto lj = argon();
        auto options = tight(GetParam());
        options.max_steps = steps;
        const auto result = relax(lj, disturbed(0.15, 3), options);
        EXPECT_FALSE(result.converged);
        EXPECT_EQ(lj.calls, steps);
        EXPECT_EQ(result.last.evaluations, steps);
        const auto again = argon().Calculator::compute(result.structure);
        EXPECT_EQ(result.result.energy, again.energy);
        EXPECT_EQ(result.result.forces, again.forces);
    }
}

TEST(Relax, a_relaxed_structure_costs_one_evaluation) {
    auto lj = argon();
    const auto result = relax(lj, structure::fcc("Ar", 5.3));
    EXPECT_TRUE(result.converged);
    EXPECT_EQ(lj.calls, 1);
}

TEST(Relax, impossible_freedoms_are_refused) {
    auto lj = argon();
    RelaxOptions options;
    options.freedom.cell = CellFreedom::full;
    EXPECT_THROW(static_cast<void>(relax(lj, structure::dimer("Ar", "Ar", 4), options)), InputError);
    options.freedom.cell = CellFreedom::fixed;
    options.freedom.fixed_atoms = {true};
    EXPECT_THROW(static_cast<void>(relax(lj, structure::dimer("Ar", "Ar", 4), options)), InputError);
}

}  // namespace
}  // namespace alkali::dynamics::relax_tests
