#include "alkali/labelling/quantum_espresso/sampling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/error.hpp"
#include "alkali/labelling/quantum_espresso/unheeded.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling::qe::qe_sampling_tests {
namespace {

using structure::CellKind;

Physics physics(double spacing) {
    Physics p;
    p.k_spacing = spacing;
    p.vacuum = 8;
    p.ecutwfc = 20;
    p.ecutrho = 240;
    return p;
}

TEST(QeSampling, mesh_is_the_reciprocal_length_without_two_pi_over_the_spacing_rounded_up) {
    EXPECT_EQ(k_mesh(structure::bcc("Li", 3.434), physics(0.02)), (Mesh{15, 15, 15}));  // 14.56
    // |b| of the primitive cell is sqrt(2)/a: 20.59.
    EXPECT_EQ(k_mesh(structure::bcc("Li", 3.434, CellKind::primitive), physics(0.02)), (Mesh{21, 21, 21}));
    EXPECT_EQ(k_mesh(structure::repeated(structure::bcc("Li", 3.434), {2, 2, 1}), physics(0.02)), (Mesh{8, 8, 15}));
    // A whole number stays one in spite of rounding.
    EXPECT_EQ(k_mesh(structure::simple_cubic("Li", 2.5), physics(0.05)), (Mesh{8, 8, 8}));
}

TEST(QeSampling, given_mesh_is_taken) {
    auto p = physics(0);
    p.k_mesh = {4, 5, 6};
    EXPECT_EQ(k_mesh(structure::bcc("Li", 3.434), p), (Mesh{4, 5, 6}));
}

TEST(QeSampling, numbers_of_points_that_cannot_be_counted_are_refused) {
    EXPECT_THROW(static_cast<void>(k_mesh(structure::bcc("Li", 3.434), physics(1e-10))), InputError);
    EXPECT_THROW(static_cast<void>(k_mesh(structure::bcc("Li", 3.434), physics(1e-300))), InputError);
    EXPECT_EQ(k_mesh(structure::bcc("Li", 3.434), physics(1e-6))[0], 291206);
    EXPECT_THROW(static_cast<void>(fft_grid(structure::Cell::cubic(3.434), 1e300)), InputError);
    EXPECT_THROW(static_cast<void>(fft_grid(structure::Cell::cubic(1e12), 240)), InputError);
    auto p = physics(1e-8);
    const HeldSampling held(structure::bcc("Li", 3.434), p);
    EXPECT_THROW(static_cast<void>(held.sampling(structure::bcc("Li", 0.05))), InputError);
}

structure::Frame labelled_at(const std::string& level, const std::string& mesh) {
    structure::Frame frame;
    frame.structure = structure::bcc("Li", 3.434);
    frame.info = {{"k_mesh", mesh}};
    if (!level.empty()) frame.info["level"] = level;
    return frame;
}

TEST(QeSampling, mesh_of_a_label_of_another_level_is_no_wish_and_what_differs_is_told) {
    auto p = physics(0.02);
    p.level = "fine";
    EXPECT_EQ(asked_mesh(labelled_at("", "3 3 3"), p.level), (Mesh{3, 3, 3})) << "a frame without label asks";
    EXPECT_EQ(asked_mesh(labelled_at("fine", "3 3 3"), p.level), (Mesh{3, 3, 3})) << "keys of labels stay";
    EXPECT_EQ(asked_mesh(labelled_at("coarse", "3 3 3"), p.level), std::nullopt);
    EXPECT_THAT(unheeded(labelled_at("", "3 3 3"), p), ::testing::IsEmpty());
    EXPECT_THAT(unheeded(labelled_at("coarse", "15 15 15"), p), ::testing::IsEmpty()) << "it makes no difference";
    EXPECT_THAT(unheeded(labelled_at("coarse", "3 3 3"), p), ::testing::ElementsAre(::testing::HasSubstr("15 15 15 of the config is")));
    EXPECT_THAT(unheeded(labelled_at("fine", "3 3 3"), p), ::testing::ElementsAre(::testing::HasSubstr("is kept")));
}

TEST(QeSampling, charges_and_spins_that_a_frame_asks_for_in_vain_are_told) {
    const auto p = physics(0.02);
    auto frame = labelled_at("", "3 3 3");
    frame.info["charge"] = "0";
    frame.info["multiplicity"] = "1";
    frame.columns.push_back({"initial_magmoms", 1, {0, 0}});
    EXPECT_THAT(unheeded(frame, p), ::testing::IsEmpty());
    frame.info["charge"] = "1";
    frame.info["Spin"] = "2";
    frame.columns.back().values[1] = 0.5;
    EXPECT_THAT(unheeded(frame, p), ::testing::UnorderedElementsAre(::testing::HasSubstr("charge=1"), ::testing::HasSubstr("Spin"),
                                                                    ::testing::HasSubstr("initial_magmoms")));
}

TEST(QeSampling, one_point_across_a_vacuum_and_along_open_directions) {
    auto slab = structure::repeated(structure::bcc("Li", 3.434), {1, 1, 4});
    Mat3 vectors = slab.cell.vectors();
    vectors(2, 2) += 12;
    slab.cell = structure::Cell(vectors);
    EXPECT_NEAR(gaps(slab)[2], 12 + 3.434 / 2, 1e-9);
    EXPECT_EQ(k_mesh(slab, physics(0.02)), (Mesh{15, 15, 1}));
    // Where the slab lies in its cell does not matter, nor on which side of the boundary.
    for (auto& position : slab.positions) position[2] += 7.7;
    EXPECT_EQ(k_mesh(slab, physics(0.02)), (Mesh{15, 15, 1}));
    auto open = structure::bcc("Li", 3.434);
    open.cell = structure::Cell(open.cell.vectors(), {true, false, true});
    EXPECT_EQ(k_mesh(open, physics(0.02)), (Mesh{15, 1, 15}));
    structure::Structure atom;
    atom.cell = structure::Cell::cubic(12);
    atom.add(3, {1, 1, 1});
    EXPECT_EQ(k_mesh(atom, physics(0.02)), (Mesh{1, 1, 1}));
}

TEST(QeSampling, gaps_of_slanted_cells_are_measured_across) {
    structure::Structure s;
    Mat3 vectors;
    vectors << 3, 0, 0, 0, 3, 0, 4, 0, 10;
    s.cell = structure::Cell(vectors);
    s.add(3, {0, 0, 0});
    EXPECT_NEAR(gaps(s)[2], 10, 1e-12);
}

TEST(QeSampling, fft_sizes_are_those_of_pw_x) {
    EXPECT_EQ(good_fft_size(7), 8);
    EXPECT_EQ(good_fft_size(33), 36);
    EXPECT_EQ(good_fft_size(97), 100);
    // Of the golden output `displaced` (48 Ry, 3.43 angstrom), and of 240 Ry, 3.434 angstrom.
    EXPECT_EQ(fft_grid(structure::Cell::cubic(3.43), 48), (Mesh{15, 15, 15}));
    EXPECT_EQ(fft_grid(structure::Cell::cubic(3.434), 240), (Mesh{36, 36, 36}));
}

TEST(QeSampling, held_along_volumes_and_strains) {
    const auto reference = structure::bcc("Li", 3.434);
    const HeldSampling held(reference, physics(0.02));
    const auto at_reference = held.sampling(reference);
    EXPECT_EQ(at_reference.mesh, (Mesh{15, 15, 15}));
    for (const double scale : {0.94, 0.98, 1.02, 1.06}) {
        const auto s = held.sampling(structure::with_volume(reference, reference.cell.volume() * scale));
        EXPECT_EQ(s.mesh, at_reference.mesh) << scale;
        EXPECT_EQ(s.dense, at_reference.dense) << scale;
        EXPECT_EQ(s.smooth, at_reference.smooth) << scale;
    }
    Mat3 strain = Mat3::Zero();
    strain(0, 1) = strain(1, 0) = 0.01;
    strain(2, 2) = -0.02;
    EXPECT_EQ(held.sampling(structure::strained(reference, strain)).dense, at_reference.dense);
}

TEST(QeSampling, held_mesh_is_scaled_for_supercells_and_grows_with_need) {
    const auto reference = structure::bcc("Li", 3.434);
    const HeldSampling held(reference, physics(0.02));
    const auto doubled = held.sampling(structure::repeated(reference, {2, 1, 1}));
    EXPECT_EQ(doubled.mesh, (Mesh{8, 15, 15}));
    EXPECT_EQ(doubled.dense[0], 2 * held.sampling(reference).dense[0]);
    // Far outside of the series the grid must still hold all plane waves.
    const auto large = structure::with_volume(reference, 1.8 * reference.cell.volume());
    const auto needed = fft_grid(large.cell, 240);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_GE(held.sampling(large).dense[i], needed[i]);
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_sampling_tests
