#include "alkali/dynamics/relax.hpp"

#include <gtest/gtest.h>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/dynamics/tests/pair_potential.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::dynamics {
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

class EveryMethod : public testing::TestWithParam<Method> {};

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

INSTANTIATE_TEST_SUITE_P(Relax, EveryMethod, testing::Values(Method::fire, Method::lbfgs),
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

TEST(Relax, the_gradient_is_the_derivative_of_the_enthalpy_for_every_freedom) {
    auto lj = argon();
    base::Random random(11);
    for (const auto cell : {CellFreedom::fixed, CellFreedom::full, CellFreedom::isotropic, CellFreedom::shape}) {
        Freedom freedom;
        freedom.cell = cell;
        freedom.pressure = 0.01;
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
}  // namespace alkali::dynamics
