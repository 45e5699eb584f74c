#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <ctime>
#include <limits>
#include <set>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::structure::neighbour_list_tests {
namespace {

void expect_equal(const NeighbourList& a, const NeighbourList& b) {
    ASSERT_EQ(a.first, b.first);
    EXPECT_EQ(a.neighbour, b.neighbour);
    EXPECT_EQ(a.shift, b.shift);
    EXPECT_EQ(a.vector, b.vector);
}

// A triclinic cell of either handedness with edges between `shortest` and `longest`, atoms also outside of it.
Structure random_structure(base::Random& random, int mask, int atoms, double shortest, double longest) {
    for (;;) {
        Mat3 vectors;
        for (int i = 0; i < 3; ++i) {
            Vec3 v(random.normal(), random.normal(), random.normal());
            vectors.row(i) = v.normalized().transpose() * random.uniform(shortest, longest);
        }
        Structure structure;
        try {
            structure.cell = Cell(vectors, {(mask & 1) != 0, (mask & 2) != 0, (mask & 4) != 0});
        } catch (const InputError&) {
            continue;
        }
        if (structure.cell.heights().minCoeff() < 0.3 * shortest) continue;
        for (int i = 0; i < atoms; ++i)
            structure.add(
                3, structure.cell.to_cartesian(Vec3(random.uniform(-1.5, 2.5), random.uniform(-1.5, 2.5), random.uniform(-1.5, 2.5))));
        return structure;
    }
}

TEST(NeighbourList, agrees_with_brute_force_on_random_triclinic_cells) {
    base::Random random(7);
    std::size_t edges = 0;
    for (int sample = 0; sample < 160; ++sample) {
        const auto structure = random_structure(random, sample % 8, 1 + sample % 37, 4.0, 14.0);
        const double cutoff = random.uniform(1.0, 6.0);
        const auto list = neighbour_list(structure, cutoff);
        expect_equal(list, neighbour_list_brute_force(structure, cutoff));
        edges += list.edges();
    }
    EXPECT_GT(edges, 10000u);
}

TEST(NeighbourList, agrees_with_brute_force_on_cells_smaller_than_the_cutoff) {
    base::Random random(8);
    for (int sample = 0; sample < 32; ++sample) {
        const auto structure = random_structure(random, sample % 8, 1 + sample % 3, 1.0, 3.0);
        expect_equal(neighbour_list(structure, 5.0), neighbour_list_brute_force(structure, 5.0));
    }
}

TEST(NeighbourList, a_part_of_a_longer_list_is_the_shorter_one_bit_for_bit) {
    base::Random random(9);
    for (int sample = 0; sample < 64; ++sample) {
        const auto structure = random_structure(random, sample % 8, 1 + sample % 29, 2.5, 9.0);
        const double cutoff = random.uniform(1.0, 5.0);
        const auto longer = neighbour_list(structure, cutoff + random.uniform(0.0, 2.0));
        expect_equal(within(longer, cutoff), neighbour_list(structure, cutoff));
    }
    EXPECT_EQ(within(neighbour_list(Structure(), 3.0), 2.0).edges(), 0u);
}

TEST(NeighbourList, agrees_with_brute_force_on_hundreds_of_atoms) {
    base::Random random(9);
    for (int mask = 0; mask < 8; ++mask) {
        const auto structure = random_structure(random, mask, 600, 12.0, 30.0);
        expect_equal(neighbour_list(structure, 4.0), neighbour_list_brute_force(structure, 4.0));
    }
}

TEST(NeighbourList, agrees_with_a_plain_search_on_more_atoms_than_are_found_at_once) {
    base::Random random(8);
    const Structure s = rattled(repeated(bcc("Li", 3.4), {22, 22, 22}), 0.2, random);
    ASSERT_GT(s.size(), 20000u);
    const double cutoff = 4.5;
    const auto list = neighbour_list(s, cutoff);
    for (int k = 0; k < 40; ++k) {
        const auto i = static_cast<std::size_t>(random.below(s.size()));
        // One image of each atom at most is that near.
        std::set<std::size_t> expected, found;
        for (std::size_t j = 0; j < s.size(); ++j) {
            Vec3 fractional = s.cell.to_fractional(s.positions[j] - s.positions[i]);
            for (int d = 0; d < 3; ++d) fractional[d] -= std::round(fractional[d]);
            if (j != i && s.cell.to_cartesian(fractional).norm() <= cutoff) expected.insert(j);
        }
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            found.insert(static_cast<std::size_t>(list.neighbour[e]));
            EXPECT_LE(list.vector[e].norm(), cutoff);
        }
        EXPECT_EQ(found, expected);
        EXPECT_EQ(static_cast<std::int64_t>(found.size()), list.first[i + 1] - list.first[i]);
    }
}

TEST(NeighbourList, every_edge_has_its_exact_reverse) {
    base::Random random(10);
    const auto structure = rattled(repeated(bcc("Li", 3.434), {4, 4, 4}), 0.3, random);
    const auto list = neighbour_list(structure, 6.0);
    std::set<std::tuple<int, int, std::array<int, 3>, double>> edges;
    for (std::size_t i = 0; i < list.atoms(); ++i)
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e)
            edges.emplace(static_cast<int>(i), list.neighbour[e], list.shift[e], list.vector[e][0]);
    for (const auto& [i, j, s, x] : edges) EXPECT_TRUE(edges.contains({j, i, {-s[0], -s[1], -s[2]}, -x}));
}

TEST(NeighbourList, atoms_at_lattice_sites_lose_no_neighbour_to_rounding) {
    for (const double a : {3.4, 3.43, 3.4321, 0.1 * 34.4}) {
        const auto structure = repeated(bcc("Li", a), {5, 5, 5});
        for (const auto& shifted : {structure, strained(structure, Mat3::Zero())})
            EXPECT_EQ(neighbour_list(shifted, 0.9 * a).edges(), 8 * structure.size());
    }
}

TEST(NeighbourList, isolated_atoms_and_empty_structures_have_no_edges) {
    Structure structure;
    EXPECT_EQ(neighbour_list(structure, 5).edges(), 0u);
    structure.add(3, {1, 2, 3});
    EXPECT_EQ(neighbour_list(structure, 5).edges(), 0u);
    EXPECT_EQ(neighbour_list(structure, 5).atoms(), 1u);
    EXPECT_EQ(neighbour_list(dimer("Li", "Li", 4.9), 5).edges(), 2u);
    EXPECT_EQ(neighbour_list(dimer("Li", "Li", 1e9), 5).edges(), 0u);
}

TEST(NeighbourList, a_far_away_atom_does_not_cost_memory) {
    auto structure = repeated(bcc("Li", 3.4), {4, 4, 4});
    structure.cell = Cell();
    structure.add(3, {1e8, 1e8, 1e8});
    expect_equal(neighbour_list(structure, 5), neighbour_list_brute_force(structure, 5));
}

TEST(NeighbourList, atoms_far_outside_the_cell_keep_their_image_numbers) {
    auto structure = bcc("Li", 4.0);
    structure.positions[1] += Vec3(4000, -8000, 0);
    const auto list = neighbour_list(structure, 3.6);
    ASSERT_EQ(list.edges(), 16u);
    EXPECT_EQ(list.shift[0], (std::array<int, 3>{-1001, 1999, -1}));
}

TEST(NeighbourList, is_the_same_for_any_number_of_threads) {
    base::Random random(11);
    const auto structure = rattled(repeated(bcc("Li", 3.434), {8, 8, 8}), 0.2, random);
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    const auto one = neighbour_list(structure, 5.0);
    omp_set_num_threads(2);
    const auto two = neighbour_list(structure, 5.0);
    omp_set_num_threads(before);
    expect_equal(one, two);
}

TEST(NeighbourList, takes_linear_time) {
    const auto seconds = [](int repeats) {
        const auto structure = repeated(bcc("Li", 3.434), {repeats, repeats, repeats});
        double best = std::numeric_limits<double>::max();
        for (int i = 0; i < 3; ++i) {
            const std::clock_t start = std::clock();  // processor time: other programs do not count
            EXPECT_EQ(neighbour_list(structure, 3.5).edges(), 14 * structure.size());
            best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
        }
        return best;
    };
    // 27 times the atoms: quadratic time would take 729 times as long. The margin is for caches.
    EXPECT_LT(seconds(30), 27 * 6 * seconds(10));
}

// 10^8 edges of one atom: refused before they are counted, let alone stored.
TEST(NeighbourList, refuses_a_cell_whose_images_would_fill_the_memory) {
    const Structure thin{Cell::cubic(0.02), {3}, {Vec3::Zero()}};
    EXPECT_THROW(static_cast<void>(neighbour_list(thin, 6.0)), InputError);
    // A chain of atoms may be as dense: its images are few.
    const Structure chain{Cell(Mat3(Vec3(0.02, 0, 0).asDiagonal()), {true, false, false}), {3}, {Vec3::Zero()}};
    EXPECT_EQ(neighbour_list(chain, 6.0 - 1e-6).edges(), 598u);
}

TEST(NeighbourList, refuses_edges_that_no_memory_holds_before_it_finds_them) {
    Structure dense{Cell::cubic(2), {}, {}};
    for (int i = 0; i < 3000; ++i) dense.add(3, {0.6e-3 * i, 0.3e-3 * i, 0.1e-3 * i});
    EXPECT_THROW(static_cast<void>(neighbour_list(dense, 20)), InputError);
    EXPECT_THROW(static_cast<void>(repeated(bcc("Li", 3.4), {100000, 100000, 100000})), InputError);
    EXPECT_EQ(repeated(bcc("Li", 3.4), {2, 2, 2}).size(), 16U);
}

TEST(NeighbourList, refuses_bad_cutoffs_and_positions) {
    auto structure = bcc("Li", 3.4);
    EXPECT_THROW(static_cast<void>(neighbour_list(structure, 0)), InputError);
    EXPECT_THROW(static_cast<void>(neighbour_list(structure, std::numeric_limits<double>::quiet_NaN())), InputError);
    structure.positions[1][2] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(static_cast<void>(neighbour_list(structure, 5)), InputError);
    structure.positions[1][2] = 1e30;
    EXPECT_THROW(static_cast<void>(neighbour_list(structure, 5)), InputError);
}

}  // namespace
}  // namespace alkali::structure::neighbour_list_tests
