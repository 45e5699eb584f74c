#include "alkali/models/common/model_calculator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/models/common/domains.hpp"
#include "alkali/models/common/tests/toy_model.hpp"

namespace alkali::models::model_calculator_tests {
namespace {

using ::testing::HasSubstr;
using testing::random_structure;

std::shared_ptr<TrainableModel> toy(double coupling = 0.3) {
    base::NullSink log;
    return testing::toy_kind().create({{"type_names", {"Li", "Na"}}, {"r_max", 4.0}, {"num_gaussians", 5}, {"coupling", coupling}}, {}, 7,
                                      log);
}

/// Energies of 1 and gradients of our choice.
class Stub final : public Model {
public:
    explicit Stub(double gradient) : gradient_(gradient) {}
    [[nodiscard]] std::string kind() const override { return "stub"; }
    [[nodiscard]] const std::vector<std::string>& type_names() const override { return names_; }
    [[nodiscard]] double cutoff() const override { return 4; }
    [[nodiscard]] Precision precision() const override { return Precision::float64; }
    [[nodiscard]] nlohmann::json hyperparameters() const override { return {}; }
    void evaluate(const Graph&, Exchange&, const Evaluation& out) const override {
        std::fill(out.energies.begin(), out.energies.end(), 1.0);
        for (std::size_t e = 0; e < out.edge_gradient.size(); ++e) out.edge_gradient[e] = Vec3::Constant(e == 3 ? gradient_ : 0.0);
    }

private:
    std::vector<std::string> names_{"Li", "Na"};
    double gradient_;
};

TEST(ModelCalculator, forces_that_are_no_numbers_beside_a_finite_energy_are_refused_by_the_models_name) {
    const auto structure = random_structure(5, 5.0, 3, {3, 11});
    for (const double gradient : {std::nan(""), std::numeric_limits<double>::infinity(), 1.7e308}) {
        ModelCalculator calculator(std::make_shared<Stub>(gradient), "stub.safetensors");
        try {
            const auto result = calculator.compute(structure);
            ADD_FAILURE() << gradient << ' ' << result.stress;
        } catch (const InputError& error) {
            EXPECT_THAT(std::string(error.what()), ::testing::AllOf(HasSubstr("stub.safetensors"), HasSubstr("no finite number")));
        }
    }
    EXPECT_NO_THROW(static_cast<void>(ModelCalculator(std::make_shared<Stub>(1), "stub").compute(structure)));
}

TEST(ModelCalculator, forces_are_minus_the_energy_gradient) {
    ModelCalculator calculator(toy(), "toy");
    auto structure = random_structure(12, 6.0, 1, {3, 11});
    const auto forces = calculator.compute(structure).forces;
    const double h = 1e-5;
    for (const std::size_t i : {0UL, 5UL, 11UL})
        for (int k = 0; k < 3; ++k) {
            auto plus = structure, minus = structure;
            plus.positions[i][k] += h;
            minus.positions[i][k] -= h;
            EXPECT_NEAR(forces[i][k], -(calculator.compute(plus).energy - calculator.compute(minus).energy) / (2 * h), 1e-8);
        }
}

TEST(ModelCalculator, stress_is_the_energy_derivative_with_strain_over_volume) {
    ModelCalculator calculator(toy(), "toy");
    const auto structure = random_structure(3, 3.1, 2, {3, 11});  // smaller than the cutoff
    const Mat3 stress = calculator.compute(structure).stress;
    const double h = 1e-5;
    for (int a = 0; a < 3; ++a)
        for (int b = 0; b < 3; ++b) {
            Mat3 strain = Mat3::Zero();
            strain(a, b) += 0.5 * h;
            strain(b, a) += 0.5 * h;
            const double slope = (calculator.compute(structure::strained(structure, strain)).energy -
                                  calculator.compute(structure::strained(structure, -strain)).energy) /
                                 (2 * h);
            EXPECT_NEAR(stress(a, b), slope / structure.cell.volume(), 1e-8);
        }
}

TEST(ModelCalculator, per_atom_values_add_up) {
    ModelCalculator calculator(toy(), "toy");
    const auto structure = random_structure(9, 5.0, 3, {3, 11});
    const auto result = calculator.compute(structure, {true});
    double energy = 0;
    Mat3 virial = Mat3::Zero();
    for (std::size_t i = 0; i < structure.size(); ++i) {
        energy += result.energies[i];
        virial += result.virials[i];
    }
    EXPECT_NEAR(energy, result.energy, 1e-12);
    EXPECT_LT((virial + result.stress * structure.cell.volume()).norm(), 1e-10);
}

TEST(ModelCalculator, open_structures_have_no_stress) {
    structure::Structure dimer;
    dimer.add(3, Vec3(0, 0, 0));
    dimer.add(11, Vec3(0, 0, 2.5));
    const auto result = ModelCalculator(toy(), "toy").compute(dimer);
    EXPECT_EQ(result.stress, Mat3::Zero());
    EXPECT_NEAR((result.forces[0] + result.forces[1]).norm(), 0, 1e-14);
    EXPECT_GT(result.forces[0].norm(), 1e-4);
}

TEST(ModelCalculator, unknown_species_and_overlapping_atoms_are_named) {
    ModelCalculator calculator(toy(), "toy");
    auto structure = random_structure(3, 6.0, 4);
    structure.numbers[1] = 19;
    try {
        static_cast<void>(calculator.compute(structure));
        FAIL() << "accepted potassium";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("atom 2 is K"));
    }
    structure.numbers[1] = 3;
    structure.positions[2] = structure.positions[0] + Vec3(0, 0.01, 0);
    try {
        static_cast<void>(calculator.compute(structure));
        FAIL() << "accepted overlapping atoms";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("atoms 1 and 3 are 0.01 angstrom apart"));
    }
    structure.positions[2] = Vec3(0, std::nan(""), 0);
    EXPECT_THROW(static_cast<void>(calculator.compute(structure)), InputError);
}

TEST(Domains, divided_structure_gives_the_undivided_result) {
    const auto model = toy();
    for (const std::array<int, 3> counts : {std::array{1, 1, 1}, {2, 1, 1}, {1, 3, 1}, {2, 2, 2}, {1, 1, 5}}) {
        for (const auto& structure : {random_structure(20, 7.0, 5, {3, 11}), random_structure(3, 3.0, 6, {3, 11})}) {
            ModelCalculator calculator(model, "toy");
            const auto whole = calculator.compute(structure, {true});
            const auto parts = evaluate_domains(structure, *model, cut_into_domains(structure, *model, counts));
            EXPECT_NEAR(parts.energy, whole.energy, 1e-12);
            EXPECT_LT((parts.stress - whole.stress).norm(), 1e-13);
            for (std::size_t i = 0; i < structure.size(); ++i) {
                EXPECT_NEAR(parts.energies[i], whole.energies[i], 1e-12);
                EXPECT_LT((parts.forces[i] - whole.forces[i]).norm(), 1e-12);
                EXPECT_LT((parts.virials[i] - whole.virials[i]).norm(), 1e-12);
            }
        }
    }
}

TEST(Domains, parts_may_be_empty) {
    const auto model = toy();
    structure::Structure atom{structure::Cell::cubic(2.9), {3}, {Vec3(0.1, 0.2, 0.3)}};
    const auto domains = cut_into_domains(atom, *model, {2, 2, 2});
    EXPECT_EQ(std::count_if(domains.begin(), domains.end(), [](const Domain& d) { return d.atoms.empty(); }), 7);
    const auto whole = ModelCalculator(model, "toy").compute(atom);
    const auto parts = evaluate_domains(atom, *model, domains);
    EXPECT_NEAR(parts.energy, whole.energy, 1e-12);
    EXPECT_LT((parts.stress - whole.stress).norm(), 1e-13);
}

/// Fails on the domain with the most atoms, after one exchange or before any.
class Failing final : public Model {
public:
    Failing(std::shared_ptr<const Model> model, int atoms, bool late) : model_(std::move(model)), atoms_(atoms), late_(late) {}
    [[nodiscard]] std::string kind() const override { return "failing"; }
    [[nodiscard]] const std::vector<std::string>& type_names() const override { return model_->type_names(); }
    [[nodiscard]] double cutoff() const override { return model_->cutoff(); }
    [[nodiscard]] Precision precision() const override { return model_->precision(); }
    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const override {
        const bool fails = graph.num_local == atoms_;
        if (fails && !late_) throw InputError("no such atoms");
        std::vector<double> rows(static_cast<std::size_t>(graph.num_atoms()));
        exchange.forward(rows.data(), 1);
        if (fails) throw InputError("no such atoms");
        model_->evaluate(graph, exchange, out);
    }
    [[nodiscard]] nlohmann::json hyperparameters() const override { return {}; }

private:
    std::shared_ptr<const Model> model_;
    int atoms_;
    bool late_;
};

TEST(Domains, a_model_that_fails_in_one_of_them_is_an_error_and_no_deadlock) {
    const auto structure = random_structure(40, 9.0, 5, {3, 11});
    const auto model = toy();
    const auto domains = cut_into_domains(structure, *model, {2, 2, 1});
    std::size_t most = 0;
    for (const auto& domain : domains) most = std::max(most, domain.atoms.size());
    for (const bool late : {false, true})
        for (int repeat = 0; repeat < 20; ++repeat)
            EXPECT_THROW(static_cast<void>(evaluate_domains(structure, Failing(model, static_cast<int>(most), late), domains)), InputError);
}

}  // namespace
}  // namespace alkali::models::model_calculator_tests
