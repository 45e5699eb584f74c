#include "alkali/dynamics/coordinates.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"

namespace alkali::dynamics {

using structure::Structure;

Coordinates::Coordinates(Structure reference, Freedom freedom) : reference_(std::move(reference)), freedom_(std::move(freedom)) {
    if (!freedom_.fixed_atoms.empty() && freedom_.fixed_atoms.size() != reference_.size())
        throw InputError("the list of fixed atoms has " + std::to_string(freedom_.fixed_atoms.size()) + " entries for " +
                         std::to_string(reference_.size()) + " atoms");
    if (!free_cell()) return;
    if (!reference_.cell.fully_periodic())
        throw InputError("the cell of a structure that is not periodic in three directions cannot be relaxed", {}, "relax the atoms only");
    const double count = std::max<double>(1, static_cast<double>(reference_.size()));
    scale_ = std::sqrt(count) * std::cbrt(reference_.cell.volume() / count);
}

Eigen::VectorXd Coordinates::start() const {
    Eigen::VectorXd x = Eigen::VectorXd::Zero(3 * atoms() + (free_cell() ? 9 : 0));
    for (Eigen::Index i = 0; i < atoms(); ++i) x.segment<3>(3 * i) = reference_.positions[static_cast<std::size_t>(i)];
    return x;
}

Mat3 Coordinates::raw_deformation(const Eigen::VectorXd& x) const {
    if (!free_cell()) return Mat3::Identity();
    return Mat3::Identity() + Eigen::Map<const Mat3>(x.data() + 3 * atoms()) / scale_;
}

Mat3 Coordinates::deformation(const Eigen::VectorXd& x) const {
    const Mat3 raw = raw_deformation(x);
    return freedom_.cell == CellFreedom::shape ? Mat3(raw / std::cbrt(raw.determinant())) : raw;
}

Structure Coordinates::structure(const Eigen::VectorXd& x) const {
    const Mat3 f = deformation(x);
    Structure out = reference_;
    if (free_cell()) out.cell = structure::Cell(reference_.cell.vectors() * f, reference_.cell.periodic());
    for (Eigen::Index i = 0; i < atoms(); ++i) out.positions[static_cast<std::size_t>(i)] = f * x.segment<3>(3 * i);
    return out;
}

double Coordinates::enthalpy(const Structure& structure, const calculator::Result& result) const {
    return result.energy + (free_cell() ? freedom_.pressure * structure.cell.volume() : 0.0);
}

// The part of a symmetric tensor that the free cell can follow.
Mat3 Coordinates::project(const Mat3& m) const {
    const Mat3 symmetric = 0.5 * (m + m.transpose());
    const Mat3 isotropic = Mat3::Identity() * (symmetric.trace() / 3.0);
    switch (freedom_.cell) {
        case CellFreedom::fixed: return Mat3::Zero();
        case CellFreedom::full: return symmetric;
        case CellFreedom::isotropic: return isotropic;
        case CellFreedom::shape: return symmetric - isotropic;
    }
    return symmetric;
}

// dH/dF = V (stress + p) F^-T at constant x. For constant volume F = R/det(R)^(1/3) gives
// dH/dR = (dH/dF - tr(F^T dH/dF)/3 F^-T) / det(R)^(1/3).
Eigen::VectorXd Coordinates::gradient(const Eigen::VectorXd& x, const Structure& structure, const calculator::Result& result) const {
    Eigen::VectorXd g = Eigen::VectorXd::Zero(x.size());
    const Mat3 f = deformation(x);
    for (std::size_t i = 0; i < reference_.size(); ++i)
        if (!fixed(i)) g.segment<3>(3 * static_cast<Eigen::Index>(i)) = -f.transpose() * result.forces[i];
    if (!free_cell()) return g;
    const Mat3 load = structure.cell.volume() * (result.stress + freedom_.pressure * Mat3::Identity());
    const Mat3 inverse_transpose = f.inverse().transpose();
    Mat3 slope = load * inverse_transpose;
    if (freedom_.cell == CellFreedom::shape)
        slope = (slope - (f.transpose() * slope).trace() / 3.0 * inverse_transpose) / std::cbrt(raw_deformation(x).determinant());
    Eigen::Map<Mat3>(g.data() + 3 * atoms()) = project(slope) / scale_;
    return g;
}

double Coordinates::max_force(const calculator::Result& result) const {
    double largest = 0;
    for (std::size_t i = 0; i < reference_.size(); ++i)
        if (!fixed(i)) largest = std::max(largest, result.forces[i].norm());
    return largest;
}

double Coordinates::max_stress(const calculator::Result& result) const {
    return project(result.stress + freedom_.pressure * Mat3::Identity()).cwiseAbs().maxCoeff();
}

void Coordinates::limit_step(Eigen::VectorXd& step, double limit) const {
    double longest = 0;
    for (Eigen::Index i = 0; i < atoms(); ++i) longest = std::max(longest, step.segment<3>(3 * i).norm());
    if (free_cell()) {
        // A strain moves the atoms of a neighbour distance by strain times that distance.
        const double distance = scale_ / std::sqrt(std::max<double>(1, static_cast<double>(reference_.size())));
        longest = std::max(longest, step.tail<9>().cwiseAbs().maxCoeff() / scale_ * distance);
    }
    if (longest > limit) step *= limit / longest;
}

}  // namespace alkali::dynamics
