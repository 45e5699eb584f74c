#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/models/kim/kim_calculator.hpp"
#include "alkali/models/kim/kim_library.hpp"
#include "alkali/models/kim/kim_particles.hpp"
#include "alkali/models/kim/kim_units.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::models::kim::kim_tests {
namespace {

using calculator::Calculator;
using calculator::Request;
using structure::Cell;
using structure::Structure;
using ::testing::HasSubstr;

constexpr auto snap = "SNAP_ZuoChenLi_2019_Li__MO_732106099012_000";
constexpr auto quadratic_snap = "SNAP_ZuoChenLi_2019quadratic_Li__MO_041269750353_000";
constexpr auto meam = "MEAM_LAMMPS_KimJungLee_2012_LiMg__MO_427397414195_000";

/// True where KIM and this model are installed; only then may a test fail for want of them.
bool installed(const char* model) {
    try {
        return Library::load()->type_of(model) == "portableModel";
    } catch (const ExternalProgramError&) {
        return false;
    }
}

#define OPEN_OR_SKIP(variable, model)                                    \
    if (!installed(model)) GTEST_SKIP() << model << " is not installed"; \
    base::NullSink sink;                                                 \
    const std::unique_ptr<Calculator> variable = open_kim(model, sink);

Structure distorted_bcc(double a, std::uint64_t seed) {
    base::Random random(seed);
    Mat3 strain;
    strain << 0.02, 0.03, -0.01, 0.0, -0.015, 0.02, 0.01, 0.0, 0.01;
    return structure::rattled(structure::strained(structure::bcc("Li", a), strain), 0.05, random);
}

template <class Call>
std::string message_of(const Call& call) {
    try {
        call();
    } catch (const alkali::Error& error) {
        return error.what();
    }
    return "no error";
}

class EveryKimModel : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryKimModel, forces_are_minus_the_energy_gradient) {
    OPEN_OR_SKIP(model, GetParam())
    const Structure base = distorted_bcc(3.4, 1);
    const auto result = model->compute(base);
    constexpr double h = 1e-4;
    for (std::size_t i = 0; i < base.size(); ++i)
        for (int a = 0; a < 3; ++a) {
            Structure plus = base, minus = base;
            plus.positions[i][a] += h;
            minus.positions[i][a] -= h;
            const double numeric = -(model->compute(plus).energy - model->compute(minus).energy) / (2 * h);
            EXPECT_NEAR(result.forces[i][a], numeric, 1e-5);
        }
}

TEST_P(EveryKimModel, stress_is_the_strain_derivative_of_the_energy) {
    OPEN_OR_SKIP(model, GetParam())
    const Structure base = distorted_bcc(3.4, 2);
    const auto result = model->compute(base);
    constexpr double h = 1e-5;
    for (int a = 0; a < 3; ++a)
        for (int b = a; b < 3; ++b) {
            Mat3 strain = Mat3::Zero();
            strain(a, b) += 0.5 * h;
            strain(b, a) += 0.5 * h;
            const double numeric = (model->compute(structure::strained(base, strain)).energy -
                                    model->compute(structure::strained(base, Mat3(-strain))).energy) /
                                   (2 * h * base.cell.volume());
            EXPECT_NEAR(result.stress(a, b), numeric, 1e-7);
        }
}

TEST_P(EveryKimModel, energy_per_atom_does_not_depend_on_the_number_of_repeated_cells) {
    OPEN_OR_SKIP(model, GetParam())
    const Structure small = distorted_bcc(3.4, 3);
    const auto one = model->compute(small);
    const auto many = model->compute(structure::repeated(small, {3, 2, 2}));
    EXPECT_NEAR(many.energy, 12 * one.energy, 1e-9);
    EXPECT_LT((many.stress - one.stress).norm(), 1e-11);
    EXPECT_LT((many.forces[0] - one.forces[0]).norm(), 1e-10);
}

TEST_P(EveryKimModel, open_boundaries_equal_a_periodic_cell_with_much_empty_space) {
    OPEN_OR_SKIP(model, GetParam())
    Structure cluster = structure::repeated(structure::bcc("Li", 3.4), {2, 2, 2});
    cluster.positions[3] += Vec3(0.1, -0.05, 0.02);
    Structure open = cluster, roomy = cluster;
    open.cell = Cell();
    roomy.cell = Cell::cubic(60);
    const auto a = model->compute(open), b = model->compute(roomy);
    EXPECT_NEAR(a.energy, b.energy, 1e-10);
    for (std::size_t i = 0; i < cluster.size(); ++i) EXPECT_LT((a.forces[i] - b.forces[i]).norm(), 1e-10);
    EXPECT_EQ(a.stress.norm(), 0.0);
}

TEST_P(EveryKimModel, per_atom_quantities_sum_to_the_totals) {
    OPEN_OR_SKIP(model, GetParam())
    const Structure base = distorted_bcc(3.4, 4);
    const auto result = model->compute(base, Request{.per_atom = true});
    ASSERT_EQ(result.energies.size(), base.size());
    EXPECT_NEAR(std::accumulate(result.energies.begin(), result.energies.end(), 0.0), result.energy, 1e-10);
    if (result.virials.empty()) return;  // an optional ability of a model
    Mat3 sum = Mat3::Zero();
    for (const Mat3& w : result.virials) sum += w;
    EXPECT_LT((sum + result.stress * base.cell.volume()).norm(), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Kim, EveryKimModel, ::testing::Values(snap, quadratic_snap, meam), [](const auto& info) {
    const std::string name = info.param;
    return name == snap ? "snap" : name == quadratic_snap ? "quadratic_snap" : "meam";
});

TEST(KimUnits, results_do_not_depend_on_the_units_the_model_works_in) {
    OPEN_OR_SKIP(usual, meam)
    std::unique_ptr<Calculator> other;
    try {
        other = open_kim(meam, sink, {.length = "Bohr", .energy = "kcal_mol"});
    } catch (const ExternalProgramError& refused) {
        GTEST_SKIP() << refused.what();
    }
    const Structure base = distorted_bcc(3.4, 5);
    const auto a = usual->compute(base), b = other->compute(base);
    EXPECT_NEAR(a.energy, b.energy, 1e-5);
    EXPECT_LT((a.stress - b.stress).norm(), 1e-6);
    EXPECT_LT((a.forces[1] - b.forces[1]).norm(), 1e-5);
    EXPECT_NEAR(usual->cutoff(), other->cutoff(), 1e-6);
}

TEST(KimUnits, conversions_follow_from_the_definitions) {
    EXPECT_DOUBLE_EQ(length_in_angstrom("nm"), 10.0);
    EXPECT_DOUBLE_EQ(length_in_angstrom("Bohr"), 0.529177210903);
    EXPECT_NEAR(energy_in_ev("kcal_mol"), 0.0433641042, 1e-9);
    EXPECT_NEAR(energy_in_ev("amu_A2_per_ps2"), 1.0364269e-4, 1e-10);
    EXPECT_NEAR(energy_in_ev("erg") * 1e7, energy_in_ev("J"), 1e-3);
    EXPECT_THROW(static_cast<void>(length_in_angstrom("mile")), InputError);
}

TEST(KimSpecies, two_species_are_mapped_by_name) {
    OPEN_OR_SKIP(model, meam)
    EXPECT_THAT(model->species(), ::testing::ElementsAre(3, 12));
    Structure lithium = structure::bcc("Li", 3.5), mixed = lithium, magnesium = structure::bcc("Mg", 3.5);
    mixed.numbers[1] = 12;
    const double e0 = model->compute(lithium).energy, e1 = model->compute(mixed).energy, e2 = model->compute(magnesium).energy;
    EXPECT_GT(std::abs(e1 - e0), 0.01);
    EXPECT_GT(std::abs(e2 - e1), 0.01);
}

TEST(KimSpecies, an_unsupported_one_is_refused_by_name_and_atom) {
    OPEN_OR_SKIP(model, snap)
    Structure wrong = structure::bcc("Li", 3.5);
    wrong.numbers[1] = 11;
    EXPECT_THROW(static_cast<void>(model->compute(wrong)), InputError);
    const auto message = message_of([&] { static_cast<void>(model->compute(wrong)); });
    EXPECT_THAT(message, HasSubstr("Na"));
    EXPECT_THAT(message, HasSubstr("atom 2"));
    EXPECT_THAT(message, HasSubstr("knows Li"));
}

TEST(KimStructures, overlapping_atoms_are_refused) {
    OPEN_OR_SKIP(model, snap)
    EXPECT_THROW(static_cast<void>(model->compute(structure::dimer("Li", "Li", 0.05))), InputError);
}

TEST(KimStructures, an_isolated_atom_feels_no_force) {
    OPEN_OR_SKIP(model, snap)
    Structure atom;
    atom.add(3, Vec3(1, 2, 3));
    const auto alone = model->compute(atom);
    EXPECT_EQ(alone.forces[0].norm(), 0.0);
    EXPECT_NEAR(model->compute(structure::dimer("Li", "Li", 40)).energy, 2 * alone.energy, 1e-12);
}

TEST(KimNames, a_misspelt_model_is_answered_with_the_nearest_installed_one) {
    OPEN_OR_SKIP(model, snap)
    const auto open = [&] { static_cast<void>(open_kim("SNAP_ZuoChenLi_2019_Lj__MO_732106099012_000", sink)); };
    EXPECT_THROW(open(), InputError);
    EXPECT_THAT(message_of(open), HasSubstr(snap));
}

TEST(KimNames, simulator_models_and_drivers_are_refused_as_such) {
    OPEN_OR_SKIP(model, snap)
    const auto simulator = [&] { static_cast<void>(open_kim("Sim_LAMMPS_SNAP_ChenDengTran_2017_Mo__SM_003882782678_000", sink)); };
    EXPECT_THAT(message_of(simulator), HasSubstr("simulator model"));
    EXPECT_THAT(message_of([&] { static_cast<void>(open_kim("SM_123456789012_000", sink)); }), HasSubstr("simulator model"));
    EXPECT_THAT(message_of([&] { static_cast<void>(open_kim("SNAP__MD_536750310735_000", sink)); }), HasSubstr("model driver"));
}

TEST(KimNames, the_short_identifier_opens_the_model) {
    OPEN_OR_SKIP(model, snap)
    EXPECT_EQ(open_kim("MO_732106099012_000", sink)->name(), std::string("kim:") + snap);
}

TEST(KimLibrary, says_what_to_install_when_it_is_missing) {
    const auto load = [] { static_cast<void>(Library::load("libkim-api-not-there.so.2")); };
    EXPECT_THROW(load(), ExternalProgramError);
    EXPECT_THAT(message_of(load), HasSubstr("apt install"));
}

TEST(KimLibrary, leaves_no_log_file_behind) {
    const auto before = std::filesystem::exists("kim.log");
    OPEN_OR_SKIP(model, snap)
    static_cast<void>(model->compute(structure::bcc("Li", 3.5)));
    EXPECT_EQ(std::filesystem::exists("kim.log"), before);
}

TEST(KimParticles, neighbours_of_atoms_and_of_near_ghosts_are_complete) {
    const Structure base = distorted_bcc(3.4, 6);
    constexpr double cutoff = 4.0;
    const Particles particles = make_particles(base, {.influence = 2 * cutoff, .cutoffs = {cutoff}, .ghosts_have_neighbours = {true}});
    const auto& list = particles.lists[0];
    for (std::size_t p = 0; p < particles.size(); ++p) {
        std::int64_t expected = 0;
        for (std::size_t q = 0; q < particles.size(); ++q)
            if (q != p && (particles.positions[p] - particles.positions[q]).norm() <= cutoff) ++expected;
        EXPECT_EQ(list.first[p + 1] - list.first[p], expected);
    }
    const auto edges = structure::neighbour_list(base, cutoff);
    for (std::size_t i = 0; i < base.size(); ++i) EXPECT_EQ(list.first[i + 1] - list.first[i], edges.first[i + 1] - edges.first[i]);
}

}  // namespace
}  // namespace alkali::models::kim::kim_tests
