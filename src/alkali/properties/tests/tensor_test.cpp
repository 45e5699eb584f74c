#include "alkali/properties/elastic/tensor.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>

namespace alkali::properties::tensor_tests {
namespace {

ElasticTensor cubic(double c11, double c12, double c44) {
    ElasticTensor c = ElasticTensor::Zero();
    c.topLeftCorner<3, 3>().setConstant(c12);
    c.diagonal() << c11, c11, c11, c44, c44, c44;
    return c;
}

TEST(ElasticModuli, of_a_cubic_crystal_follow_the_closed_formulas) {
    const double c11 = 14.8, c12 = 12.5, c44 = 10.8;
    const Moduli m = moduli(cubic(c11, c12, c44));
    const double shear_voigt = (c11 - c12 + 3 * c44) / 5, shear_reuss = 5 * (c11 - c12) * c44 / (4 * c44 + 3 * (c11 - c12));
    EXPECT_NEAR(m.bulk_voigt, (c11 + 2 * c12) / 3, 1e-12);
    EXPECT_NEAR(m.bulk_reuss, m.bulk_voigt, 1e-11);
    EXPECT_NEAR(m.shear_voigt, shear_voigt, 1e-12);
    EXPECT_NEAR(m.shear_reuss, shear_reuss, 1e-12);
    EXPECT_NEAR(m.universal_anisotropy, 5 * shear_voigt / shear_reuss - 5, 1e-11);
    EXPECT_NEAR(m.smallest_eigenvalue, c11 - c12, 1e-12);
}

TEST(ElasticModuli, of_an_isotropic_solid_have_no_anisotropy) {
    const double lambda = 5, mu = 3;
    const Moduli m = moduli(cubic(lambda + 2 * mu, lambda, mu));
    EXPECT_NEAR(m.universal_anisotropy, 0, 1e-12);
    EXPECT_NEAR(m.shear_hill, mu, 1e-12);
    EXPECT_NEAR(m.poisson, lambda / (2 * (lambda + mu)), 1e-12);
    EXPECT_NEAR(m.youngs, mu * (3 * lambda + 2 * mu) / (lambda + mu), 1e-11);
}

TEST(ElasticModuli, a_negative_shear_constant_makes_the_crystal_unstable) {
    EXPECT_LT(moduli(cubic(10, 11, 5)).smallest_eigenvalue, 0);
    EXPECT_LT(moduli(cubic(10, 5, -1)).smallest_eigenvalue, 0);
    EXPECT_GT(moduli(cubic(10, 5, 1)).smallest_eigenvalue, 0);
}

TEST(ElasticTensor, symmetrising_keeps_a_tensor_that_has_the_symmetry) {
    const ElasticTensor c = cubic(14, 12, 10);
    EXPECT_LT((symmetrised(c, LatticeSystem::cubic) - c).norm(), 1e-12);
    ElasticTensor h = ElasticTensor::Zero();
    h.topLeftCorner<3, 3>() << 60, 26, 21, 26, 60, 21, 21, 21, 65;
    h.bottomRightCorner<3, 3>().diagonal() << 16, 16, 17;
    EXPECT_LT((symmetrised(h, LatticeSystem::hexagonal) - h).norm(), 1e-12);
}

TEST(VoigtStrain, shears_are_engineering_shears) {
    Eigen::Matrix<double, 6, 1> v;
    v << 0.1, 0.2, 0.3, 0.04, 0.05, 0.06;
    const Mat3 e = strain_of(v);
    EXPECT_DOUBLE_EQ(e(1, 2), 0.02);
    EXPECT_DOUBLE_EQ(e(2, 0), 0.025);
    EXPECT_DOUBLE_EQ(e(0, 1), 0.03);
    EXPECT_DOUBLE_EQ(e(2, 2), 0.3);
}

}  // namespace
}  // namespace alkali::properties::tensor_tests
