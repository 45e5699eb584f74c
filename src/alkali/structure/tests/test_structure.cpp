#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::structure::structure_tests {
namespace {

std::size_t coordination(const Structure& structure, double cutoff) {
    const auto list = neighbour_list(structure, cutoff);
    EXPECT_EQ(list.edges() % structure.size(), 0u);
    return list.edges() / structure.size();
}

TEST(Builders, crystals_have_their_coordination_in_both_cells) {
    for (const auto kind : {CellKind::conventional, CellKind::primitive}) {
        EXPECT_EQ(coordination(bcc("Li", 1.0, kind), 0.9), 8u);
        EXPECT_EQ(coordination(bcc("Li", 1.0, kind), 1.01), 14u);
        EXPECT_EQ(coordination(fcc("Li", 1.0, kind), 0.75), 12u);
        EXPECT_EQ(coordination(diamond("C", 1.0, kind), 0.5), 4u);
    }
    EXPECT_EQ(coordination(simple_cubic("Po", 1.0), 1.01), 6u);
    EXPECT_EQ(coordination(hcp("Mg", 1.0), 1.01), 12u);
    EXPECT_NEAR(bcc("Li", 2.0, CellKind::primitive).cell.volume(), 4.0, 1e-12);
    EXPECT_NEAR(fcc("Li", 2.0, CellKind::primitive).cell.volume(), 2.0, 1e-12);
}

TEST(Builders, an_unknown_crystal_names_the_nearest) {
    try {
        static_cast<void>(crystal("bbc", "Li", 3.4));
        FAIL();
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("did you mean bcc"), std::string::npos) << error.what();
    }
    EXPECT_THROW(static_cast<void>(bcc("Li", -1)), InputError);
    EXPECT_THROW(static_cast<void>(bcc("Lj", 3)), InputError);
}

TEST(Structure, repeats_in_the_documented_order) {
    Structure cell = simple_cubic("Li", 2.0);
    cell.add(8, {1, 1, 1});
    const auto result = repeated(cell, {1, 2, 2});
    ASSERT_EQ(result.size(), 8u);
    EXPECT_EQ(result.positions[0], Vec3(0, 0, 0));
    EXPECT_EQ(result.positions[1], Vec3(1, 1, 1));
    EXPECT_EQ(result.positions[2], Vec3(0, 0, 2));
    EXPECT_EQ(result.positions[4], Vec3(0, 2, 0));
    EXPECT_NEAR(result.cell.volume(), 32, 1e-12);
    EXPECT_THROW(static_cast<void>(repeated(cell, {0, 1, 1})), InputError);
    EXPECT_EQ(formula(result), "Li4O4");
}

TEST(Structure, strain_keeps_fractional_coordinates) {
    base::Random random(2);
    const auto before = rattled(bcc("Li", 3.4), 0.1, random);
    Mat3 strain;
    strain << 0.01, 0.02, 0, 0, -0.03, 0.01, 0, 0.04, 0.02;
    const auto after = strained(before, strain);
    for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_LT((after.cell.to_fractional(after.positions[i]) - before.cell.to_fractional(before.positions[i])).norm(), 1e-13);
    const auto scaled = with_volume(before, 50);
    EXPECT_NEAR(scaled.cell.volume(), 50, 1e-11);
    EXPECT_LT((with_cell(before, scaled.cell).positions[1] - scaled.positions[1]).norm(), 1e-13);
}

TEST(Structure, removing_an_atom_keeps_the_order_of_the_others) {
    const auto vacancy = without_atom(fcc("Al", 4.0), 1);
    ASSERT_EQ(vacancy.size(), 3u);
    EXPECT_EQ(vacancy.positions[1], Vec3(2, 0, 2));
    EXPECT_THROW(static_cast<void>(without_atom(vacancy, 3)), InputError);
}

TEST(Structure, check_names_overlapping_atoms_also_across_the_boundary) {
    auto structure = bcc("Li", 3.4);
    EXPECT_NO_THROW(check(structure));
    structure.add(3, {3.4 - 0.01, 0, 0});
    try {
        check(structure);
        FAIL();
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("atoms 1 (Li) and 3 (Li) overlap"), std::string::npos) << error.what();
    }
    structure.positions[2] = Vec3(0, std::numeric_limits<double>::infinity(), 0);
    EXPECT_THROW(check(structure), InputError);
    structure.positions.pop_back();
    EXPECT_THROW(check(structure), InputError);
}

}  // namespace
}  // namespace alkali::structure::structure_tests
