#include "alkali/properties/precision/precision.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/tests/pair_potential.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::properties::precision::precision_tests {
namespace {

using structure::Structure;
using testing_aid::LennardJones;

/// Argon with an error of our choice, so that tests know what must be found.
class Faulty final : public calculator::Calculator {
public:
    using Fault = std::function<void(const Structure&, calculator::Result&)>;
    explicit Faulty(Fault fault = {}) : fault_(std::move(fault)) {}
    using Calculator::compute;
    [[nodiscard]] calculator::Result compute(const Structure& s, const calculator::Request& request) override {
        auto result = argon_.compute(s, request);
        if (fault_) fault_(s, result);
        return result;
    }
    [[nodiscard]] std::string name() const override { return "faulty"; }
    [[nodiscard]] std::vector<int> species() const override { return {18}; }
    [[nodiscard]] double cutoff() const override { return argon_.cutoff(); }

private:
    LennardJones argon_{0.0104, 3.4, 8.5};
    Fault fault_;
};

double rounded(double value, double quantum) { return quantum * std::round(value / quantum); }

const double lattice_constant = 5.25;

/// Trial of one faulty calculator against a faultless one.
struct Bench {
    explicit Bench(Faulty::Fault fault) : faulty(std::move(fault)) {}
    Faulty faulty, exact;
    std::vector<Variant> variants{{"faulty", &faulty}, {"exact", &exact}};
    base::NullProgress progress;
    Trial trial{variants, structure::fcc("Ar", lattice_constant), progress};
};

TEST(Path, noise_of_a_rounded_energy_is_that_of_rounding) {
    const double quantum = 1e-5, force_quantum = 1e-4;
    Bench bench([&](const Structure&, calculator::Result& r) {
        r.energy = rounded(r.energy, quantum);
        for (auto& f : r.forces)
            for (int k = 0; k < 3; ++k) f[k] = rounded(f[k], force_quantum);
    });
    PathOptions options;
    options.atoms = 32;
    const auto results = energy_along_path(bench.trial, options);
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0].atoms, 32u);
    EXPECT_NEAR(results[0].noise * 32, quantum / std::sqrt(12.0), 0.15 * quantum / std::sqrt(12.0));
    EXPECT_LE(results[0].energy_difference * 32, 0.5001 * quantum);
    EXPECT_GT(results[0].energy_difference * 32, 0.45 * quantum);
    EXPECT_LE(results[0].force_difference, 0.5001 * force_quantum);
    EXPECT_GT(results[0].force_difference, 0.45 * force_quantum);
    EXPECT_LT(results[1].noise, 1e-12) << "the exact one has no noise, and its polynomial fits";
    EXPECT_EQ(results[1].energy_difference, 0);
    EXPECT_EQ(results[1].force_difference, 0);
}

TEST(Path, a_smooth_difference_is_no_noise) {
    Bench bench([](const Structure& s, calculator::Result& r) { r.energy += 1e-3 * s.cell.volume(); });
    const auto results = energy_along_path(bench.trial, {});
    EXPECT_GT(results[0].energy_difference, 1e-3);
    EXPECT_LT(results[0].noise, 1e-11);
}

TEST(Path, needs_points_enough_for_its_polynomial) {
    Bench bench({});
    PathOptions options;
    options.points = 12;
    EXPECT_THROW(static_cast<void>(energy_along_path(bench.trial, options)), InputError);
}

VacancyOptions small_cells() {
    VacancyOptions options;
    options.atoms = {31, 107, 255};
    return options;
}

TEST(Vacancies, without_error_cost_what_the_formula_says) {
    Bench bench({});
    auto options = small_cells();
    options.relax = false;
    const auto results = vacancy_energies(bench.trial, options).back();
    ASSERT_EQ(results.size(), 3u);
    for (const auto& r : results) {
        const auto perfect = block_of(bench.trial.crystal, r.atoms + 1);
        const double bulk = bench.exact.Calculator::compute(perfect).energy / static_cast<double>(perfect.size());
        const double expected =
            bench.exact.Calculator::compute(structure::without_atom(perfect, 0)).energy - static_cast<double>(r.atoms) * bulk;
        EXPECT_NEAR(r.energy, expected, 1e-10);
        EXPECT_EQ(r.difference, 0);
        EXPECT_LT(r.uncertainty, 1e-10) << "turning and shifting leave the energy alone";
    }
    EXPECT_EQ(results[0].atoms, 31u);
    EXPECT_EQ(results[2].atoms, 255u);
    options.relax = true;
    EXPECT_LT(vacancy_energies(bench.trial, options).back()[0].energy, results[0].energy - 1e-5) << "relaxed";
}

TEST(Vacancies, an_error_that_all_atoms_share_cancels) {
    Bench bench([](const Structure& s, calculator::Result& r) { r.energy += 1e-6 * static_cast<double>(s.size()); });
    const auto results = vacancy_energies(bench.trial, small_cells());
    for (const auto& r : results[0]) {
        EXPECT_NEAR(r.difference, 0, 1e-10);
        EXPECT_NEAR(r.single_difference, 0, 1e-10);
    }
}

/// Perfect crystals are wrong by an amount per atom that depends on how they lie in space, cells with a vacancy are not.
void error_of_orientation(const Structure& s, calculator::Result& r) {
    if (s.size() % 4 != 0) return;
    const double chaos = 1e7 * (s.cell.vectors()(0, 0) + 2 * s.cell.vectors()(1, 2) + 3 * s.cell.vectors()(2, 1));
    r.energy += 1e-6 * std::sqrt(2.0) * std::sin(chaos) * static_cast<double>(s.size());
}

TEST(Vacancies, averaging_over_motions_takes_away_the_error_that_equal_atoms_share) {
    Bench bench(error_of_orientation);
    auto options = small_cells();
    options.motions = 100;
    const auto results = vacancy_energies(bench.trial, options)[0];
    const double single = results[0].single_difference / 31;
    EXPECT_GT(std::abs(single), 1e-8);
    for (const auto& r : results) {
        const auto atoms = static_cast<double>(r.atoms);
        EXPECT_NEAR(r.single_difference / atoms, single, 1e-10) << "without averaging it grows with the atoms";
        EXPECT_NEAR(r.uncertainty, atoms * 1e-6 / 10, 0.3 * atoms * 1e-6 / 10) << "standard error of a hundred";
        EXPECT_LT(std::abs(r.difference), 4 * r.uncertainty);
    }
}

/// What float32 does to the sum of a crystal's equal atoms: it depends on distances alone, so that no rigid motion changes it.
TEST(Vacancies, rounding_that_no_motion_shows_is_part_of_the_uncertainty) {
    Bench bench(
        [](const Structure& s, calculator::Result& r) { r.energy = static_cast<float>(r.energy + 1e-3 * static_cast<double>(s.size())); });
    auto options = small_cells();
    options.relax = false;
    const auto results = vacancy_energies(bench.trial, options);
    for (const auto& r : results[0]) {
        EXPECT_GT(r.rounding, 0);
        EXPECT_GE(r.error(), r.rounding);
        EXPECT_LT(std::abs(r.difference), 5 * r.error() + 1e-12) << r.atoms;
        EXPECT_LT(std::abs(r.single_difference), 5 * r.single_rounding + 1e-12) << r.atoms;
    }
    for (const auto& r : results.back()) EXPECT_EQ(r.rounding, 0) << "the reference does not differ from itself";
}

TEST(Vacancies, refuse_a_mean_over_one_motion) {
    Bench bench({});
    auto options = small_cells();
    options.motions = 1;
    EXPECT_THROW(static_cast<void>(vacancy_energies(bench.trial, options)), InputError);
}

NveOptions short_run() {
    NveOptions options;
    options.atoms = 32;
    options.temperature = 40;
    options.time = 1;
    options.settling = 0.4;
    options.dt = 4;
    return options;
}

TEST(Drift, is_that_of_the_calculator_and_leaves_the_other_alone) {
    // Heat of 20 ueV/atom/ps that the forces know nothing of.
    long calls = 0;
    Bench bench([&](const Structure& s, calculator::Result& r) {
        r.energy += 20e-6 * static_cast<double>(s.size()) * 4e-3 * static_cast<double>(calls++);
    });
    const auto results = energy_drift_of(bench.trial, short_run());
    EXPECT_NEAR(results[0].drift - results[1].drift, 20e-6, 1e-11) << "both run the same way";
    EXPECT_LT(std::abs(results[1].drift), 2e-6);
    EXPECT_EQ(results[0].atoms, 32u);
    EXPECT_NEAR(results[1].temperature, 40, 12);
}

TEST(Drift, time_step_follows_the_mass_unless_it_is_given) {
    Bench bench({});
    auto options = short_run();
    options.time = 0.2;
    options.settling = 0;
    EXPECT_EQ(energy_drift_of(bench.trial, options)[0].dt, 4);
    options.dt = 0;
    EXPECT_NEAR(energy_drift_of(bench.trial, options)[0].dt, std::sqrt(39.95 / 6.94), 0.05);
    options.time = 0.001;
    EXPECT_THROW(static_cast<void>(energy_drift_of(bench.trial, options)), InputError);
}

TEST(Block, is_the_nearest_cube) {
    const auto li = structure::bcc("Li", 3.4);
    for (const std::size_t atoms : {54, 128, 250, 432, 686, 1024}) EXPECT_EQ(block_of(li, atoms).size(), atoms);
    EXPECT_EQ(block_of(li, 1).size(), 2u);
    const auto mg = block_of(structure::hcp("Mg", 3.2), 200);
    EXPECT_LT(mg.cell.heights().maxCoeff() / mg.cell.heights().minCoeff(), 1.5);
}

TEST(Measure, gives_records_with_units_variants_and_reference) {
    Faulty exact, faulty([](const Structure&, calculator::Result&r) { r.energy = rounded(r.energy, 1e-6); });
    const std::vector<Variant> variants{{"mixed", &faulty}, {"float64", &exact}};
    base::NullSink log;
    base::NullProgress progress;
    Settings settings;
    settings.crystal = "fcc";
    Study study(exact, settings, log, progress);
    Options options;
    options.vacancy.atoms = {31};
    options.nve = short_run();
    const auto records = measure(study, variants, options, progress);
    EXPECT_EQ(records.at("energy_noise_mixed").unit, "eV/atom");
    EXPECT_EQ(records.at("force_difference_mixed").unit, "eV/angstrom");
    EXPECT_EQ(records.at("vacancy_difference_mixed_31").unit, "meV");
    EXPECT_EQ(records.at("nve_drift_mixed").unit, "ueV/atom/ps");
    EXPECT_TRUE(records.at("nve_drift_float64").uncertainty.has_value());
    EXPECT_EQ(records.at("energy_noise_mixed").provenance.at("precision"), "mixed");
    EXPECT_EQ(records.at("energy_noise_mixed").settings.at("reference"), "float64");
    EXPECT_FALSE(records.has("energy_difference_float64")) << "nothing differs from itself";
    EXPECT_GT(records.number("energy_noise_mixed"), 10 * records.number("energy_noise_float64"));

    options.with_path = options.with_nve = false;
    options.a0 = lattice_constant;
    const auto part = measure(study, variants, options, progress);
    EXPECT_FALSE(part.has("energy_noise_mixed"));
    EXPECT_FALSE(part.has("nve_drift_mixed"));
    EXPECT_TRUE(part.has("vacancy_formation_energy_float64_31"));
}

}  // namespace
}  // namespace alkali::properties::precision::precision_tests
