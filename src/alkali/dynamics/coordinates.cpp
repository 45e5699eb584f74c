#include "alkali/dynamics/coordinates.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"

namespace alkali::dynamics {

using structure::Structure;

Coordinates::Coordinates(Structure reference, Freedom freedom) : reference_(std::move(reference)), freedom_(std::move(freedom)) {
    if (!freedom_.fixed_atoms.empty() && freedom_.fixed_atoms.size() != reference_.size())
        throw InputError("the list of fixed atoms has " + std::to_string(freedom_.fixed_atoms.size()) + " entries for " +
                         std::to_string(reference_.size()) + " atoms");
    if (!free_cell()) return;
    find_plane();
    complete_cell();
    const double count = std::max<double>(1, static_cast<double>(reference_.size()));
    scale_ = std::sqrt(count) * std::cbrt(reference_.cell.volume() / count);
}

void Coordinates::find_plane() {
    std::vector<Vec3> free;
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (reference_.cell.periodic()[axis] && !freedom_.held[axis]) free.push_back(reference_.cell.vector(static_cast<int>(axis)));
    dimensions_ = static_cast<int>(free.size());
    if (dimensions_ == 3) return;
    if (dimensions_ == 0)
        throw InputError("the cell has no direction that could be relaxed: none repeats but for vacuum", {}, "relax the atoms only");
    if (freedom_.cell == CellFreedom::shape && dimensions_ == 1)
        throw InputError("a cell that may change along one direction only has no shape to relax", {}, "relax it without --cell-freedom");
    if (freedom_.pressure != 0)
        throw InputError("pressure needs a cell that may change in three directions; this one does in " + std::to_string(dimensions_), {},
                         "relax it without pressure");
    Vec3 first = free[0].normalized();
    plane_ = first * first.transpose();
    if (dimensions_ == 1) return;
    const Vec3 second = (free[1] - first.dot(free[1]) * first).normalized();
    plane_ += second * second.transpose();
}

void Coordinates::complete_cell() {
    if (reference_.cell.volume() > 0) return;
    constexpr double least = 3;  // angstrom, about a layer of atoms
    Mat3 vectors = reference_.cell.completed();
    for (int axis = 0; axis < 3; ++axis) {
        const Vec3 direction = vectors.row(axis).transpose();
        if (direction == reference_.cell.vector(axis)) continue;
        missing_[static_cast<std::size_t>(axis)] = reference_.cell.vector(axis);
        double low = 0, high = 0;
        for (const Vec3& position : reference_.positions) {
            const double place = direction.dot(position - reference_.positions.front());
            low = std::min(low, place);
            high = std::max(high, place);
        }
        vectors.row(axis) *= std::max(least, high - low);
    }
    reference_.cell = structure::Cell(vectors, reference_.cell.periodic());
}

Structure Coordinates::without_completion(Structure structure) const {
    Mat3 vectors = structure.cell.vectors();
    for (int axis = 0; axis < 3; ++axis)
        if (const auto& given = missing_[static_cast<std::size_t>(axis)]) vectors.row(axis) = given->transpose();
    structure.cell = structure::Cell(vectors, structure.cell.periodic());
    return structure;
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
    if (freedom_.cell != CellFreedom::shape) return raw;
    return raw * (plane_ * std::pow(raw.determinant(), -1.0 / dimensions_) + Mat3::Identity() - plane_);
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
    const Mat3 symmetric = plane_ * (0.5 * (m + m.transpose())) * plane_;
    const Mat3 isotropic = plane_ * (symmetric.trace() / dimensions_);
    switch (freedom_.cell) {
        case CellFreedom::fixed: return Mat3::Zero();
        case CellFreedom::full: return symmetric;
        case CellFreedom::isotropic: return isotropic;
        case CellFreedom::shape: return symmetric - isotropic;
    }
    return symmetric;
}

// dH/dF = V (stress + p) F^-T at constant x. For constant volume F = R/det(R)^(1/d) within the d free directions gives
// dH/dR = (dH/dF - tr(P F^T dH/dF)/d F^-T) / det(R)^(1/d) there.
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
        slope = (slope - (plane_ * f.transpose() * slope).trace() / dimensions_ * inverse_transpose) *
                std::pow(raw_deformation(x).determinant(), -1.0 / dimensions_);
    Eigen::Map<Mat3>(g.data() + 3 * atoms()) = project(slope) / scale_;
    return g;
}

double Coordinates::max_force(const calculator::Result& result) const {
    double largest = 0;
    for (std::size_t i = 0; i < reference_.size(); ++i) {
        if (fixed(i)) continue;
        const double force = result.forces[i].norm();
        if (!std::isfinite(force)) return force;
        largest = std::max(largest, force);
    }
    return largest;
}

double Coordinates::max_stress(const calculator::Result& result) const {
    const Mat3 felt = project(result.stress + freedom_.pressure * Mat3::Identity());
    return felt.allFinite() ? felt.cwiseAbs().maxCoeff() : std::numeric_limits<double>::quiet_NaN();
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
