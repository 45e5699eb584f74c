#include "alkali/labelling/quantum_espresso/sampling.hpp"

#include <gtest/gtest.h>

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
