#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/structure/cell.hpp"

namespace alkali::structure::cell_tests {
namespace {

Mat3 random_matrix(base::Random& random) {
    Mat3 m;
    for (int i = 0; i < 9; ++i) m(i / 3, i % 3) = random.uniform(-5, 5);
    return m;
}

TEST(Cell, fractional_and_cartesian_are_inverse_for_any_mix_of_periodic_directions) {
    base::Random random(1);
    for (int mask = 0; mask < 8; ++mask) {
        const Cell cell(random_matrix(random), {(mask & 1) != 0, (mask & 2) != 0, (mask & 4) != 0});
        const Vec3 position(random.uniform(-9, 9), random.uniform(-9, 9), random.uniform(-9, 9));
        EXPECT_LT((cell.to_cartesian(cell.to_fractional(position)) - position).norm(), 1e-10);
    }
}

TEST(Cell, completes_missing_vectors_by_unit_normals) {
    Mat3 vectors = Mat3::Zero();
    vectors.row(1) << 0, 2, 0;
    const Mat3 full = Cell(vectors, {false, true, false}).completed();
    EXPECT_NEAR(std::abs(full.determinant()), 2.0, 1e-14);
    EXPECT_NEAR(full.row(0).norm(), 1.0, 1e-14);
    EXPECT_NEAR(full.row(0).dot(full.row(1)), 0.0, 1e-14);
    EXPECT_EQ(Cell().completed(), Mat3::Identity());
    EXPECT_EQ(Cell(vectors, {false, true, false}).volume(), 0.0);
}

TEST(Cell, replaces_an_open_vector_that_depends_on_the_periodic_ones) {
    Mat3 vectors;
    vectors << 3, 0, 0, 0, 3, 0, 3, 3, 0;
    EXPECT_NEAR(std::abs(Cell(vectors, {true, true, false}).completed().determinant()), 9.0, 1e-12);
}

TEST(Cell, heights_are_volume_over_face_area) {
    Mat3 vectors;
    vectors << 2, 0, 0, 1, 3, 0, 0.5, 0.7, 4;
    const Cell cell(vectors);
    EXPECT_NEAR(cell.heights()[2], 4.0, 1e-14);
    EXPECT_NEAR(cell.heights()[0], 24.0 / Vec3(1, 3, 0).cross(Vec3(0.5, 0.7, 4)).norm(), 1e-13);
}

TEST(Cell, wraps_only_along_periodic_directions) {
    const Cell cell(Mat3(Mat3::Identity() * 2.0), {true, false, true});
    EXPECT_LT((cell.wrap({5, 5, -0.5}) - Vec3(1, 5, 1.5)).norm(), 1e-14);
}

TEST(Cell, left_handed_cells_have_positive_volume) {
    Mat3 vectors = Mat3::Identity() * 3;
    vectors(2, 2) = -3;
    EXPECT_NEAR(Cell(vectors).volume(), 27, 1e-12);
}

TEST(Cell, refuses_cells_without_volume_and_numbers_that_are_not_finite) {
    EXPECT_THROW(Cell(Mat3(Mat3::Zero())), InputError);
    Mat3 flat;
    flat << 1, 0, 0, 0, 1, 0, 1, 1, 0;
    EXPECT_THROW(Cell{flat}, InputError);
    EXPECT_NO_THROW(Cell(flat, {true, true, false}));
    Mat3 bad = Mat3::Identity();
    bad(1, 1) = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(Cell{bad}, InputError);
}

TEST(Cell, strain_changes_the_volume_by_its_determinant) {
    base::Random random(3);
    const Cell cell(random_matrix(random));
    const Mat3 strain = 0.02 * random_matrix(random);
    EXPECT_NEAR(cell.strained(strain).volume(), cell.volume() * (Mat3::Identity() + strain).determinant(), 1e-10);
}

}  // namespace
}  // namespace alkali::structure::cell_tests
