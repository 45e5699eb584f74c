#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/dynamics/tests/pair_potential.hpp"
#include "alkali/properties/run.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::properties::properties_tests {
namespace {

using ::testing::HasSubstr;
using testing_aid::LennardJones;

class Warnings final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override {
        if (level == base::LogLevel::warning) text += message;
    }
    std::string text;
};

LennardJones argon(double epsilon = 0.0104) { return {epsilon, 3.4, 8.5}; }

records::Records run(calculator::Calculator& calculator, const std::vector<std::string>& names, Settings settings = {.crystal = "fcc"}) {
    base::NullSink log;
    base::NullProgress progress;
    const auto outcome = compute_properties(calculator, choose_properties(names), settings, log, progress);
    EXPECT_TRUE(outcome.failures.empty()) << outcome.failures.front().second;
    return outcome.records;
}

/// Several Lennard-Jones potentials as a committee.
class Committee final : public calculator::Calculator {
public:
    explicit Committee(std::vector<LennardJones> members) : members_(std::move(members)) {}
    using Calculator::compute;
    calculator::Result compute(const structure::Structure& s, const calculator::Request& r) override {
        return members_.front().compute(s, r);
    }
    std::string name() const override { return "committee"; }
    std::vector<int> species() const override { return {18}; }
    double cutoff() const override { return 8.5; }
    std::vector<calculator::Calculator*> members() override {
        std::vector<calculator::Calculator*> out;
        for (auto& m : members_) out.push_back(&m);
        return out;
    }

private:
    std::vector<LennardJones> members_;
};

/// A calculator that says its numbers are noisy and dear.
class Noisy final : public calculator::Calculator {
public:
    using Calculator::compute;
    calculator::Result compute(const structure::Structure& s, const calculator::Request& r) override { return inner.compute(s, r); }
    std::string name() const override { return "noisy"; }
    std::vector<int> species() const override { return {number}; }
    double cutoff() const override { return 8.5; }
    bool noisy() const override { return true; }
    LennardJones inner = argon();
    int number = 18;
};

/// An energy with a well at the nearest-neighbour distance 3.75 angstrom and a deeper one, where nothing real is, at 5.4.
class TwoWells final : public calculator::Calculator {
public:
    using Calculator::compute;
    calculator::Result compute(const structure::Structure& s, const calculator::Request&) override {
        double d = 1e9;
        for (const auto& r : structure::neighbour_list(s, 8).vector) d = std::min(d, r.norm());
        const auto well = [&](double centre) { return std::exp(-std::pow((d - centre) / 0.3, 2)); };
        return {.energy = -static_cast<double>(s.size()) * (well(3.75) + 3 * well(5.4)),
                .forces = std::vector<Vec3>(s.size(), Vec3::Zero()),
                .stress = Mat3::Zero(),
                .energies = {},
                .virials = {}};
    }
    std::string name() const override { return "two wells"; }
    std::vector<int> species() const override { return {}; }
    double cutoff() const override { return 8; }
};

/// Lennard-Jones that says every crystal is free of stress, and refuses what is denser than anything it was made for.
class Odd final : public calculator::Calculator {
public:
    using Calculator::compute;
    calculator::Result compute(const structure::Structure& s, const calculator::Request& r) override {
        if (densest > 0 && s.cell.volume() / static_cast<double>(s.size()) < densest) throw InputError("too dense", "model.sel");
        auto result = inner.compute(s, r);
        if (stressless) result.stress.setZero();
        return result;
    }
    std::string name() const override { return "odd"; }
    std::vector<int> species() const override { return {18}; }
    double cutoff() const override { return 8.5; }
    LennardJones inner = argon();
    bool stressless = false;
    double densest = 0;  ///< angstrom^3/atom
};

Outcome outcome_of(calculator::Calculator& calculator, const std::string& property,
                   const nlohmann::json& options = nlohmann::json::object()) {
    base::NullSink log;
    base::NullProgress progress;
    const Settings settings{.crystal = "fcc", .options = options};
    return compute_properties(calculator, choose_properties(std::vector<std::string>{property}), settings, log, progress);
}

TEST(Properties, a_record_that_is_no_finite_number_is_a_failure_by_its_name) {
    Odd odd;
    odd.stressless = true;
    const auto outcome = outcome_of(odd, "elastic");
    ASSERT_FALSE(outcome.failures.empty());
    for (const auto& [name, message] : outcome.failures) {
        EXPECT_FALSE(outcome.records.has(name)) << name;
        EXPECT_TRUE(outcome.records.at("failures").value.contains(name)) << name;
        EXPECT_THAT(message, ::testing::AllOf(HasSubstr("odd: " + name), HasSubstr("no finite number")));
    }
    EXPECT_TRUE(outcome.records.at("failures").value.contains("bulk_modulus_reuss"));
    for (const auto& [name, record] : outcome.records.all()) EXPECT_EQ(record.value.dump().find("null"), std::string::npos) << name;
}

TEST(Properties, options_whose_differences_drown_in_rounding_are_refused) {
    auto lj = argon();
    for (const auto& options : {nlohmann::json{{"elastic", {{"strain", 1e-300}}}},
                                {{"elastic", {{"energy_range", 1e-9}}}},
                                {{"elastic", {{"fmax", 1e300}}}},
                                {{"vacancy", {{"fmax", 1e300}}}},
                                {{"lattice", {{"start", 1e-300}}}},
                                {{"equation_of_state", {{"range", 1e-9}}}}})
        EXPECT_THROW(static_cast<void>(outcome_of(lj, options.begin().key(), options)), InputError) << options;
}

TEST(Lattice, energies_without_a_minimum_are_told_of_calculator_and_crystal_with_what_to_do) {
    auto lj = argon();
    const auto outcome = outcome_of(lj, "lattice", {{"lattice", {{"start", 9.0}}}});
    ASSERT_EQ(outcome.failures.size(), 1u);
    EXPECT_THAT(outcome.failures[0].second,
                ::testing::AllOf(HasSubstr("lennard_jones, fcc Ar"), HasSubstr("no minimum"), HasSubstr("--set lattice.start")));
}

TEST(Lattice, is_found_where_the_calculator_refuses_some_distances) {
    Odd odd;
    odd.densest = 30;
    const auto outcome = outcome_of(odd, "lattice");
    ASSERT_TRUE(outcome.failures.empty()) << outcome.failures[0].second;
    auto lj = argon();
    EXPECT_NEAR(outcome.records.number("a0"), run(lj, {"lattice"}).number("a0"), 1e-6);
    odd.densest = 1e9;
    const auto refused = outcome_of(odd, "lattice");
    ASSERT_EQ(refused.failures.size(), 1u);
    EXPECT_THAT(refused.failures[0].second, HasSubstr("too dense"));
}

TEST(Lattice, of_a_pair_potential_is_where_its_lattice_sum_is_lowest) {
    auto lj = argon();
    const auto out = run(lj, {"lattice"});
    const double a = out.number("a0_zero_stress"), h = 1e-3;
    const auto energy = [&](double x) { return lj.Calculator::compute(Crystal("fcc", "Ar").make(x)).energy; };
    EXPECT_NEAR((energy(a + h) - energy(a - h)) / (2 * h), 0, 1e-6);
    EXPECT_NEAR(out.number("a0"), a, 2e-3);
    EXPECT_EQ(out.at("a0").unit, "angstrom");
    EXPECT_EQ(out.at("a0").provenance.at("calculator"), "lennard_jones");
    EXPECT_EQ(out.at("a0").settings.at("structure"), "fcc");
}

TEST(Lattice, does_not_depend_on_where_the_search_starts) {
    auto lj = argon();
    const double free = run(lj, {"lattice"}).number("a0");
    for (const double start : {5.0, 5.3, 5.6}) {
        Settings settings{.crystal = "fcc", .options = {{"lattice", {{"start", start}}}}};
        EXPECT_NEAR(run(lj, {"lattice"}, settings).number("a0"), free, 1e-6);
    }
}

TEST(Lattice, of_hcp_has_two_constants_and_no_stress_is_left) {
    auto lj = argon();
    const auto out = run(lj, {"lattice"}, {.crystal = "hcp"});
    EXPECT_NEAR(out.number("c0_zero_stress") / out.number("a0_zero_stress"), std::sqrt(8.0 / 3), 5e-3);
    EXPECT_NEAR(out.number("a0"), out.number("a0_zero_stress"), 2e-3);
    EXPECT_LT(out.at("a0_zero_stress").settings.at("residual_stress").get<double>(), 1e-7);
}

TEST(Lattice, every_series_holds_its_sampling) {
    auto lj = argon();
    static_cast<void>(run(lj, {"lattice", "elastic", "vacancy"}, {.crystal = "fcc", .options = {{"vacancy", {{"supercell", {2, 2, 2}}}}}}));
    EXPECT_GE(lj.samplings, 4);  // E(V), stress series, energy series, supercell
}

TEST(ElasticConstants, of_a_central_pair_potential_obey_cauchy) {
    auto lj = argon();
    const auto out = run(lj, {"elastic"});
    EXPECT_NEAR(out.number("C12"), out.number("C44"), 5e-3);
    EXPECT_GT(out.number("elastic_stability"), 0);
    EXPECT_NEAR(out.number("zener_anisotropy"), 2 * out.number("C44") / out.number("C_prime"), 1e-12);
    EXPECT_NEAR(out.number("C_prime"), out.number("C11") - out.number("C12"), 1e-12);
}

TEST(ElasticConstants, by_stress_equal_the_second_derivatives_of_the_lattice_sum) {
    auto lj = argon();
    const auto out = run(lj, {"elastic"});
    const auto cell = Crystal("fcc", "Ar").make(run(lj, {"lattice"}).number("a0_zero_stress"));
    // For pairs at zero pressure: C_abcd = 1/V sum (u'' - u'/r) r_a r_b r_c r_d / r^2.
    const auto list = structure::neighbour_list(cell, lj.cutoff());
    double c11 = 0, c12 = 0;
    for (const Vec3& v : list.vector) {
        const double r = v.norm(), h = 1e-5;
        const double stiffness = (lj.pair(r + h).second - lj.pair(r - h).second) / (2 * h) - lj.pair(r).second / r;
        c11 += 0.5 * stiffness * std::pow(v[0], 4) / (r * r) / cell.cell.volume();
        c12 += 0.5 * stiffness * std::pow(v[0] * v[1], 2) / (r * r) / cell.cell.volume();
    }
    constexpr double gpa = 160.2176634;
    EXPECT_NEAR(out.number("C11"), c11 * gpa, 0.01 * c11 * gpa);
    EXPECT_NEAR(out.number("C12"), c12 * gpa, 0.01 * c12 * gpa);
}

TEST(ElasticConstants, by_energy_agree_with_those_by_stress) {
    auto lj = argon();
    const auto out = run(lj, {"elastic", "equation_of_state"});
    for (const std::string name : {"C11", "C12", "C44"})
        EXPECT_NEAR(out.number(name + "_energy"), out.number(name), 0.03 * out.number(name)) << name;
    EXPECT_NEAR((out.number("C11_energy") + 2 * out.number("C12_energy")) / 3, out.number("bulk_modulus"), 1e-9);
    EXPECT_NEAR(out.number("bulk_modulus"), out.number("bulk_modulus_voigt"), 0.03 * out.number("bulk_modulus"));
    EXPECT_NEAR(out.number("bulk_modulus_vinet"), out.number("bulk_modulus"), 0.03 * out.number("bulk_modulus"));
}

TEST(ElasticConstants, the_short_way_of_dear_calculators_gives_the_same) {
    auto lj = argon();
    Noisy noisy;
    const auto base = run(lj, {"elastic"});
    const double a0 = run(lj, {"lattice"}).number("a0");
    Settings settings{.crystal = "fcc", .options = {{"lattice", {{"start", a0}}}, {"elastic", {{"strain", 0.005}}}}};
    const auto out = run(noisy, {"elastic"}, settings);
    for (const char* name : {"C11", "C12", "C44"}) EXPECT_NEAR(out.number(name), base.number(name), 0.02 * base.number(name));
    EXPECT_NEAR(out.number("shear_modulus_hill"), base.number("shear_modulus_hill"), 0.02 * base.number("shear_modulus_hill"));
}

TEST(ElasticConstants, of_hcp_are_the_five_of_its_symmetry) {
    auto lj = argon();
    const auto out = run(lj, {"elastic"}, {.crystal = "hcp"});
    EXPECT_NEAR(out.number("C66"), (out.number("C11") - out.number("C12")) / 2, 1e-9);
    const auto tensor = out.at("elastic_tensor").value;
    // x and y are equivalent in the linear response only: central differences leave an error of second order in the strain.
    EXPECT_NEAR(tensor[5][5].get<double>(), out.number("C66"), 5e-3);
    EXPECT_NEAR(tensor[0][0].get<double>(), tensor[1][1].get<double>(), 5e-3);
    EXPECT_FALSE(out.has("C11_energy"));
}

TEST(ElasticConstants, an_unstable_crystal_is_reported_as_such) {
    LennardJones lj(0.3, 2.7, 4.5);
    Warnings warnings;
    base::NullProgress progress;
    const auto outcome =
        compute_properties(lj, choose_properties(std::vector<std::string>{"elastic"}), {.crystal = "sc"}, warnings, progress);
    ASSERT_TRUE(outcome.failures.empty()) << outcome.failures.front().second;
    EXPECT_LT(outcome.records.number("elastic_stability"), 0);
    EXPECT_FALSE(outcome.records.at("elastic_stability").settings.at("stable").get<bool>());
    EXPECT_THAT(warnings.text, HasSubstr("unstable"));
}

TEST(Vacancy, of_a_pair_potential_costs_the_energy_per_atom_before_relaxation) {
    auto lj = argon();
    const auto out = run(lj, {"vacancy", "equation_of_state"}, {.crystal = "fcc", .options = {{"vacancy", {{"supercell", {4, 4, 4}}}}}});
    const double a0 = std::cbrt(4 * out.number("volume")), energy = lj.Calculator::compute(Crystal("fcc", "Ar").make(a0)).energy / 4;
    EXPECT_NEAR(out.number("vacancy_formation_energy_unrelaxed"), -energy, 1e-9);
    EXPECT_LT(out.number("vacancy_formation_energy"), -energy);
    EXPECT_EQ(out.at("vacancy_formation_energy").settings.at("atoms"), 255);
}

TEST(CommitteeProperties, have_the_mean_and_the_spread_of_the_members) {
    // All lengths of Lennard-Jones crystals are independent of epsilon, all energies and moduli proportional to it.
    Committee committee({argon(0.008), argon(0.010), argon(0.012)});
    auto middle = argon(0.010);
    const auto out = run(committee, {"lattice", "equation_of_state"}), one = run(middle, {"lattice", "equation_of_state"});
    EXPECT_NEAR(out.number("a0"), one.number("a0"), 1e-6);
    EXPECT_LT(*out.at("a0").uncertainty, 1e-6);
    EXPECT_NEAR(out.number("bulk_modulus"), one.number("bulk_modulus"), 1e-5 * one.number("bulk_modulus"));
    EXPECT_NEAR(*out.at("bulk_modulus").uncertainty, 0.2 * one.number("bulk_modulus"), 1e-4 * one.number("bulk_modulus"));
    EXPECT_EQ(out.at("bulk_modulus").settings.at("members").size(), 3u);
    EXPECT_EQ(out.at("bulk_modulus").settings.at("residual").size(), 3u);
    EXPECT_EQ(out.at("bulk_modulus").settings.at("fit"), one.at("bulk_modulus").settings.at("fit"));
    EXPECT_EQ(out.at("bulk_modulus").provenance.at("calculator"), "committee");
    EXPECT_FALSE(one.at("bulk_modulus").uncertainty.has_value());
    EXPECT_EQ(out.at("equation_of_state_curve").value.at("energy").size(), 11u);
    EXPECT_NEAR(out.at("equation_of_state_curve").value.at("energy")[5].get<double>(),
                one.at("equation_of_state_curve").value.at("energy")[5].get<double>(), 1e-6);
}

TEST(CommitteeProperties, name_the_member_that_fails) {
    Committee committee({argon(0.010), argon(-0.010)});  // the second one has no minimum
    base::NullSink log;
    base::NullProgress progress;
    const std::vector<std::string> names{"lattice"};
    const auto outcome = compute_properties(committee, choose_properties(names), {.crystal = "fcc"}, log, progress);
    ASSERT_EQ(outcome.failures.size(), 1u);
    EXPECT_THAT(outcome.failures[0].second, ::testing::HasSubstr(committee.members()[1]->name()));
    const auto& record = outcome.records.at("failures");
    EXPECT_EQ(record.value.at("lattice"), outcome.failures[0].second) << "told where the report looks";
    EXPECT_EQ(record.settings.at("structure"), "fcc");
    EXPECT_EQ(record.provenance.at("calculator"), "committee");
}

TEST(PropertyChoice, an_unknown_name_is_answered_with_the_nearest_and_all_known) {
    const std::vector<std::string> names{"elastics"};
    try {
        static_cast<void>(choose_properties(names));
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("did you mean elastic?"));
        EXPECT_THAT(error.what(), HasSubstr("vacancy"));
    }
    EXPECT_EQ(choose_properties({}).size(), all_properties().size());
}

TEST(PropertyChoice, an_unknown_option_is_answered_with_the_nearest) {
    auto lj = argon();
    base::NullSink log;
    base::NullProgress progress;
    const Settings settings{.crystal = "fcc", .options = {{"vacancy", {{"supercel", {3, 3, 3}}}}}};
    try {
        static_cast<void>(compute_properties(lj, all_properties(), settings, log, progress));
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("supercell"));
    }
}

TEST(PropertyChoice, a_failing_property_does_not_take_the_others_with_it) {
    auto lj = argon();
    base::NullSink log;
    base::NullProgress progress;
    const Settings settings{.crystal = "fcc", .options = {{"vacancy", {{"supercell", {2, 2, 2}}, {"fmax", 1e-300}}}}};
    const auto outcome = compute_properties(lj, choose_properties(std::vector<std::string>{"lattice", "vacancy"}), settings, log, progress);
    ASSERT_EQ(outcome.failures.size(), 1u);
    EXPECT_EQ(outcome.failures[0].first, "vacancy");
    EXPECT_TRUE(outcome.records.has("a0"));
}

TEST(Species, must_be_said_where_the_calculator_knows_several_and_be_known) {
    auto lj = argon();
    EXPECT_EQ(element_for(lj, ""), "Ar");
    EXPECT_THROW(static_cast<void>(element_for(lj, "Li")), InputError);
    EXPECT_THROW(static_cast<void>(Crystal("bbc", "Li")), InputError);
}

TEST(Scan, takes_the_minimum_nearest_to_the_measured_volume) {
    auto lj = argon();
    const Crystal argon_crystal("fcc", "Ar"), manganese("fcc", "Mn");
    EXPECT_NEAR(scan_lattice_constant(lj, argon_crystal), run(lj, {"lattice"}).number("a0"), 0.2);
    TwoWells wells;
    EXPECT_NEAR(scan_lattice_constant(wells, argon_crystal) * argon_crystal.neighbour_distance(), 3.75, 0.15);
    // Manganese has no simple crystal to measure: the widest-spaced deep minimum.
    EXPECT_EQ(expected_lattice_constant(manganese), 0);
    EXPECT_NEAR(scan_lattice_constant(wells, manganese) * manganese.neighbour_distance(), 5.4, 0.2);
}

TEST(Scan, is_spared_where_a_calculator_is_dear) {
    Noisy dear;
    base::NullSink log;
    base::NullProgress progress;
    const auto outcome =
        compute_properties(dear, choose_properties(std::vector<std::string>{"lattice"}), {.crystal = "fcc"}, log, progress);
    EXPECT_TRUE(outcome.records.has("a0"));
    dear.number = 25;
    EXPECT_THROW(static_cast<void>(
                     compute_properties(dear, choose_properties(std::vector<std::string>{"lattice"}), {.crystal = "fcc"}, log, progress)),
                 InputError);
}

}  // namespace
}  // namespace alkali::properties::properties_tests
