#include "alkali/models/common/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "alkali/base/error.hpp"

namespace alkali::models::statistics_tests {
namespace {

using ::testing::HasSubstr;

/// bcc cell of edge a with these species at (0,0,0) and the centre.
structure::Frame bcc(double a, int first, int second, double energy) {
    structure::Frame frame;
    frame.structure = {structure::Cell::cubic(a), {first, second}, {Vec3::Zero(), Vec3::Constant(a / 2)}};
    frame.labels.energy = energy;
    frame.source = "f.xyz";
    return frame;
}

const std::vector<std::string> li_na = {"Li", "Na"};

TEST(Statistics, bcc_atoms_have_8_and_14_neighbours_in_the_first_shells) {
    const std::vector frames = {bcc(3.4, 3, 3, 0)};
    EXPECT_EQ(average_neighbours(frames, 3.2), 8.0);
    EXPECT_EQ(average_neighbours(frames, 3.5), 14.0);
    EXPECT_THROW(static_cast<void>(average_neighbours(frames, 1.0)), InputError);
}

TEST(Statistics, energy_shifts_solve_the_composition_exactly_where_they_can) {
    const std::vector frames = {bcc(3, 3, 3, -4.0), bcc(3, 11, 11, -6.0), bcc(3, 3, 11, -5.0)};
    const auto shifts = per_type_energy_shifts(frames, li_na);
    EXPECT_NEAR(shifts[0], -2.0, 1e-12);
    EXPECT_NEAR(shifts[1], -3.0, 1e-12);
}

TEST(Statistics, energy_shift_of_one_species_is_the_mean_energy_per_atom) {
    const std::vector frames = {bcc(3, 3, 3, -4.0), bcc(3, 3, 3, -4.2)};
    EXPECT_NEAR(per_type_energy_shifts(frames, std::vector<std::string>{"Li"})[0], -2.05, 1e-12);
}

TEST(Statistics, undetermined_shifts_stay_near_the_mean) {
    const std::vector frames = {bcc(3, 3, 11, -5.0)};
    const auto shifts = per_type_energy_shifts(frames, li_na);
    EXPECT_NEAR(shifts[0], -2.5, 1e-12);
    EXPECT_NEAR(shifts[1], -2.5, 1e-12);
}

TEST(Statistics, one_stoichiometry_in_cells_of_any_size_gives_the_mean_to_every_species) {
    std::vector<structure::Frame> frames;
    for (int k = 0; k < 1000; ++k) {
        structure::Frame frame;
        frame.structure.cell = structure::Cell::cubic(10);
        for (int a = 0; a < 3 * (1 + k % 5); ++a) frame.structure.add(a % 3 == 0 ? 11 : 3, Vec3(0.1 * a, 0, 0));
        frame.labels.energy = static_cast<double>(frame.structure.size()) * (-50 + 0.02 * std::sin(k));
        frames.push_back(frame);
    }
    for (const double shift : per_type_energy_shifts(frames, li_na)) EXPECT_NEAR(shift, -50, 0.01);
    for (const double shift : per_type_energy_shifts(std::span(frames).first(1), li_na)) EXPECT_NEAR(shift, -50, 0.03);
}

TEST(Statistics, types_that_no_frame_holds_have_the_mean_energy_per_atom) {
    const std::vector frames = {bcc(3, 3, 3, -4.0), bcc(3, 3, 3, -4.2)};
    const auto shifts = per_type_energy_shifts(frames, std::vector<std::string>{"Li", "K"});
    EXPECT_NEAR(shifts[1], -2.05, 1e-12);
    EXPECT_EQ(mean_energy_shifts(frames, li_na).size(), 2u);
    EXPECT_NEAR(mean_energy_shifts(frames, li_na)[1], -2.05, 1e-12);
}

TEST(Statistics, shared_shifts_are_told_in_the_log) {
    struct Memory final : base::LogSink {
        void write(base::LogLevel, std::string_view message) override { text += message; }
        std::string text;
    } log;
    static_cast<void>(energy_shifts("auto", std::vector{bcc(3, 3, 11, -5.0)}, li_na, log));
    EXPECT_THAT(log.text, HasSubstr("do not tell all species apart"));
    log.text.clear();
    static_cast<void>(energy_shifts("auto", std::vector{bcc(3, 3, 11, -5.0), bcc(3, 3, 3, -4.0)}, li_na, log));
    EXPECT_EQ(log.text, "");
}

TEST(Statistics, energies_that_scatter_are_not_told_as_compositions_that_tell_nothing) {
    struct Memory final : base::LogSink {
        void write(base::LogLevel, std::string_view message) override { text += message; }
        std::string text;
    } log;
    static_cast<void>(energy_shifts("auto", std::vector{bcc(3, 3, 3, -5.0), bcc(3, 3, 3, -900.0)}, std::vector<std::string>{"Li"}, log));
    EXPECT_EQ(log.text, "");
    static_cast<void>(
        energy_shifts("auto", std::vector{bcc(3, 3, 3, -5.0), bcc(3, 3, 3, -45.0), bcc(3, 3, 11, -45.0), bcc(3, 3, 11, -5.0)}, li_na, log));
    EXPECT_THAT(log.text, HasSubstr("energies of the training frames scatter too much, by 10 eV/atom"));
    EXPECT_THAT(log.text, ::testing::Not(HasSubstr("do not tell")));
}

TEST(Statistics, scales_never_vanish) {
    std::vector frames = {bcc(3, 3, 11, 0)};
    frames[0].labels.forces = {Vec3(3, 0, 0), Vec3::Zero()};
    const auto per_type = force_rms_per_type(frames, li_na);
    EXPECT_NEAR(per_type[1], 0.1 * force_rms(frames), 1e-14);
    EXPECT_EQ(energy_scale_of_forces(0), 1);
    EXPECT_EQ(energy_scale_of_forces(1e-7), 1);
    EXPECT_EQ(energy_scale_of_forces(0.2), 0.2);
}

TEST(Statistics, neighbours_are_counted_for_each_type) {
    std::vector frames = {bcc(3.4, 3, 3, 0)};
    structure::Frame atom;
    atom.structure.add(11, Vec3::Zero());
    frames.push_back(atom);
    const auto counts = average_neighbours_per_type(frames, li_na, 3.2);
    EXPECT_EQ(counts[0], 8.0);
    EXPECT_NEAR(counts[1], 16.0 / 3, 1e-14);  // sodium has none: the mean over all atoms
}

TEST(Statistics, isolated_shifts_come_from_lone_atoms_only) {
    structure::Frame lone;
    lone.structure.add(11, Vec3::Zero());
    lone.labels.energy = -1.25;
    std::vector frames = {lone, bcc(3, 3, 3, -4.0)};
    EXPECT_EQ(isolated_energy_shifts(std::span(frames).first(1), std::vector<std::string>{"Na"})[0], -1.25);
    EXPECT_THROW(static_cast<void>(isolated_energy_shifts(frames, li_na)), InputError);
}

TEST(Statistics, given_shifts_must_name_every_type_and_no_other) {
    EXPECT_EQ(given_energy_shifts({{"Na", 2.0}, {"Li", 1.0}}, li_na), (std::vector<double>{1.0, 2.0}));
    EXPECT_EQ(given_energy_shifts({{"11", 2.0}, {"3", 1.0}}, li_na), (std::vector<double>{1.0, 2.0}));
    EXPECT_THROW(static_cast<void>(given_energy_shifts({{"3", 1.0}, {"Li", 1.0}, {"Na", 1.0}}, li_na)), InputError);
    EXPECT_THROW(static_cast<void>(given_energy_shifts({{"Li", 1.0}}, li_na)), InputError);
    EXPECT_THROW(static_cast<void>(given_energy_shifts({{"Li", 1.0}, {"Na", 1.0}, {"K", 1.0}}, li_na)), InputError);
}

TEST(Statistics, force_rms_counts_components_of_labelled_frames) {
    std::vector frames = {bcc(3, 3, 11, 0), bcc(3, 3, 3, 0)};
    frames[0].labels.forces = {Vec3(3, 0, 0), Vec3(0, 4, 0)};
    EXPECT_NEAR(force_rms(frames), 5 / std::sqrt(6.0), 1e-14);
    const auto per_type = force_rms_per_type(frames, std::vector<std::string>{"Li", "Na", "K"});
    EXPECT_NEAR(per_type[0], 3 / std::sqrt(3.0), 1e-14);
    EXPECT_NEAR(per_type[1], 4 / std::sqrt(3.0), 1e-14);
    EXPECT_NEAR(per_type[2], 5 / std::sqrt(6.0), 1e-14);
}

TEST(Statistics, species_that_is_no_type_is_named_with_its_frame) {
    try {
        static_cast<void>(per_type_energy_shifts(std::vector{bcc(3, 3, 11, 0)}, std::vector<std::string>{"Li"}));
        FAIL() << "accepted sodium";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("atom 2 is Na"));
        EXPECT_THAT(error.what(), HasSubstr("f.xyz, frame 0"));
    }
}

}  // namespace
}  // namespace alkali::models::statistics_tests
