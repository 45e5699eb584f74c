#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/structure/slab.hpp"

namespace alkali::structure::slab_tests {
namespace {

constexpr double a = 3.4;
const Mat3 cubic = Mat3::Identity() * a;

struct Face {
    std::array<int, 3> miller;
    double area, spacing;  ///< in units of a^2 and a
};

// bcc: the planes of a lattice with V/2 per point; area x spacing = 1/2. Textbook: d = 1 / |hkl|, halved where h+k+l is odd.
const std::vector<Face> faces{{{1, 0, 0}, 1, 0.5},
                              {{1, 1, 0}, std::sqrt(0.5), std::sqrt(0.5)},
                              {{1, 1, 1}, std::sqrt(3.0), 0.5 / std::sqrt(3.0)},
                              {{2, 1, 0}, std::sqrt(5.0), 0.5 / std::sqrt(5.0)},
                              {{2, 1, 1}, std::sqrt(6.0) / 2, 1 / std::sqrt(6.0)},
                              {{3, -2, 1}, std::sqrt(14.0) / 2, 1 / std::sqrt(14.0)},
                              {{0, 0, -2}, 1, 0.5}};

TEST(Slab, of_bcc_has_the_area_and_the_spacing_of_its_planes) {
    for (const auto kind : {CellKind::primitive, CellKind::conventional})
        for (const Face& face : faces) {
            const int basis = kind == CellKind::primitive ? 1 : 2;
            const auto cut = slab(bcc("Li", a, kind), cubic, {face.miller, 6, {1, 1}, 10});
            const Mat3& v = cut.cell.vectors();
            const double area = Vec3(v.row(0)).cross(Vec3(v.row(1))).norm();
            EXPECT_EQ(cut.size(), 6U * static_cast<std::size_t>(basis));
            std::vector<double> heights;
            for (const Vec3& r : cut.positions) heights.push_back(r.z());
            std::sort(heights.begin(), heights.end());
            EXPECT_NEAR(heights.front(), 0, 1e-9);
            EXPECT_NEAR(v(2, 2) - heights.back(), 10, 1e-9);
            if (kind == CellKind::conventional) continue;  // its lattice is simple cubic: other planes, the same crystal
            EXPECT_NEAR(area, face.area * a * a, 1e-9);
            EXPECT_NEAR(heights[1] - heights[0], face.spacing * a, 1e-9);
        }
}

// Inside a thick slab every atom has the surroundings of the crystal.
TEST(Slab, is_a_piece_of_the_crystal) {
    const auto shells = [](const Structure& s, std::size_t i, double cutoff) {
        const auto list = neighbour_list(s, cutoff);
        std::vector<double> d;
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e)
            d.push_back(list.vector[e].norm());
        std::sort(d.begin(), d.end());
        return d;
    };
    const double cutoff = 1.3 * a;
    struct Case {
        Structure crystal;
        Mat3 axes;
    };
    Mat3 hexagonal = hcp("Mg", 3.2).cell.vectors();
    const std::vector<Case> cases{{bcc("Li", a, CellKind::primitive), cubic},
                                  {fcc("Al", 4.0, CellKind::primitive), Mat3::Identity() * 4.0},
                                  {diamond("Si", 5.4), Mat3::Identity() * 5.4},
                                  {hcp("Mg", 3.2), hexagonal}};
    for (const auto& [crystal, axes] : cases)
        for (const std::array<int, 3> miller : {std::array{1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {0, 0, 1}, {3, 2, 1}, {1, -1, 2}}) {
            const auto probe = slab(crystal, axes, {miller, 2, {1, 1}, 0});
            const double spacing = probe.cell.vectors()(2, 2);
            const int layers = 3 + static_cast<int>(4 * cutoff / (spacing / 2));
            const auto cut = slab(crystal, axes, {miller, layers, {1, 1}, 20});
            std::size_t middle = 0;
            for (std::size_t i = 0; i < cut.size(); ++i) {
                const auto off = [&](std::size_t k) { return std::abs(cut.positions[k].z() - cut.positions.back().z() / 2); };
                if (off(i) < off(middle)) middle = i;
            }
            const auto expected = shells(crystal, 0, cutoff), found = shells(cut, middle, cutoff);
            ASSERT_EQ(found.size(), expected.size());
            for (std::size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], 1e-9);
        }
}

TEST(Slab, next_layer_continues_it) {
    const SlabShape shape{{1, 1, 0}, 4, {2, 2}, 10};
    auto five = shape;
    five.layers = 5;
    const auto crystal = bcc("Li", a, CellKind::primitive);
    const auto whole = slab(crystal, cubic, five), added = next_layer(crystal, cubic, shape);
    ASSERT_EQ(added.size(), 4U);
    for (std::size_t k = 0; k < 4; ++k) {
        const Vec3 apart = added.positions[k] - whole.positions[16 + k];
        EXPECT_NEAR(apart.z(), 0, 1e-9);
        const Vec3 in_cells = whole.cell.to_fractional(apart);
        for (int i = 0; i < 2; ++i) EXPECT_NEAR(in_cells[i], std::round(in_cells[i]), 1e-9);
    }
}

TEST(Slab, is_refused_for_planes_that_are_none) {
    const auto crystal = bcc("Li", a);
    EXPECT_THROW(slab(crystal, cubic, {{0, 0, 0}, 4, {1, 1}, 10}), InputError);
    EXPECT_THROW(slab(crystal, cubic, {{1, 0, 0}, 0, {1, 1}, 10}), InputError);
    EXPECT_THROW(slab(crystal, cubic, {{1, 0, 0}, 2, {1, 1}, -1}), InputError);
    EXPECT_THROW(slab(crystal, Mat3::Identity() * 3.3, {{1, 0, 0}, 2, {1, 1}, 1}), InputError);
    EXPECT_THROW(slab(dimer("Li", "Li", 2.5), cubic, {{1, 0, 0}, 2, {1, 1}, 1}), InputError);
}

}  // namespace
}  // namespace alkali::structure::slab_tests
