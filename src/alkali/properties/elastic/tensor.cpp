#include "alkali/properties/elastic/tensor.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

namespace alkali::properties {

Mat3 strain_of(const Eigen::Matrix<double, 6, 1>& v) { return from_voigt({v[0], v[1], v[2], 0.5 * v[3], 0.5 * v[4], 0.5 * v[5]}); }

ElasticTensor symmetrised(const ElasticTensor& c, LatticeSystem system) {
    ElasticTensor out = ElasticTensor::Zero();
    if (system == LatticeSystem::cubic) {
        const double c11 = (c(0, 0) + c(1, 1) + c(2, 2)) / 3, c44 = (c(3, 3) + c(4, 4) + c(5, 5)) / 3;
        const double c12 = (c(0, 1) + c(1, 0) + c(0, 2) + c(2, 0) + c(1, 2) + c(2, 1)) / 6;
        out.topLeftCorner<3, 3>().setConstant(c12);
        out.diagonal() << c11, c11, c11, c44, c44, c44;
        return out;
    }
    const double c13 = (c(0, 2) + c(2, 0) + c(1, 2) + c(2, 1)) / 4, c44 = (c(3, 3) + c(4, 4)) / 2;
    // Transverse isotropy: invariants of the basal plane, C66 = (C11 - C12)/2.
    const double sum = (c(0, 0) + c(1, 1) + c(0, 1) + c(1, 0)) / 2, difference = (c(0, 0) + c(1, 1) - c(0, 1) - c(1, 0)) / 4 + c(5, 5);
    const double c11 = (sum + difference) / 2, c12 = (sum - difference) / 2;
    out << c11, c12, c13, 0, 0, 0,   //
        c12, c11, c13, 0, 0, 0,      //
        c13, c13, c(2, 2), 0, 0, 0,  //
        0, 0, 0, c44, 0, 0,          //
        0, 0, 0, 0, c44, 0,          //
        0, 0, 0, 0, 0, (c11 - c12) / 2;
    return out;
}

Moduli moduli(const ElasticTensor& c) {
    const ElasticTensor s = c.inverse();
    Moduli m{};
    m.bulk_voigt = c.topLeftCorner<3, 3>().sum() / 9;
    m.bulk_reuss = 1 / s.topLeftCorner<3, 3>().sum();
    m.bulk_hill = (m.bulk_voigt + m.bulk_reuss) / 2;
    const auto normal = [](const ElasticTensor& t) { return t(0, 0) + t(1, 1) + t(2, 2); };
    const auto mixed = [](const ElasticTensor& t) { return t(0, 1) + t(1, 2) + t(0, 2); };
    const auto shear = [](const ElasticTensor& t) { return t(3, 3) + t(4, 4) + t(5, 5); };
    m.shear_voigt = (normal(c) - mixed(c) + 3 * shear(c)) / 15;
    m.shear_reuss = 15 / (4 * (normal(s) - mixed(s)) + 3 * shear(s));
    m.shear_hill = (m.shear_voigt + m.shear_reuss) / 2;
    m.youngs = 9 * m.bulk_hill * m.shear_hill / (3 * m.bulk_hill + m.shear_hill);
    m.poisson = (3 * m.bulk_hill - 2 * m.shear_hill) / (2 * (3 * m.bulk_hill + m.shear_hill));
    m.universal_anisotropy = 5 * m.shear_voigt / m.shear_reuss + m.bulk_voigt / m.bulk_reuss - 6;
    Eigen::Matrix<double, 6, 1> weight;
    weight << 1, 1, 1, std::numbers::sqrt2, std::numbers::sqrt2, std::numbers::sqrt2;
    const ElasticTensor orthonormal = weight.asDiagonal() * c * weight.asDiagonal();
    m.smallest_eigenvalue = Eigen::SelfAdjointEigenSolver<ElasticTensor>(orthonormal, Eigen::EigenvaluesOnly).eigenvalues()[0];
    return m;
}

}  // namespace alkali::properties
