#include "alkali/structure/cell.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"

namespace alkali::structure {
namespace {

// Vectors shorter than this (angstrom) count as missing; angles nearer to 0 or 180 degrees than this (radian) as none.
constexpr double least_length = 1e-6;
constexpr double greatest_length = 1e12;
constexpr double least_sine = 1e-8;

bool present(const Vec3& v) { return v.norm() >= least_length; }

// A unit vector normal to `v`, as near to the cartesian axis `preferred` as it can be.
Vec3 normal_to(const Vec3& v, int preferred) {
    const Vec3 along = v.normalized();
    int axis = preferred;
    if (std::abs(along[preferred]) > 0.9) along.cwiseAbs().minCoeff(&axis);
    return (Vec3::Unit(axis) - along[axis] * along).normalized();
}

// Sine of the angle of two vectors, or |det| of three unit vectors: zero for dependent ones.
double independence(const Vec3& a, const Vec3& b) { return a.normalized().cross(b.normalized()).norm(); }
double independence(const Vec3& a, const Vec3& b, const Vec3& c) {
    return std::abs(a.normalized().cross(b.normalized()).dot(c.normalized()));
}

bool independent_of(const std::array<bool, 3>& kept, const Mat3& vectors, int candidate) {
    std::vector<Vec3> others;
    for (int i = 0; i < 3; ++i)
        if (kept[static_cast<std::size_t>(i)] && i != candidate) others.emplace_back(vectors.row(i).transpose());
    const Vec3 v = vectors.row(candidate).transpose();
    if (others.empty()) return true;
    return (others.size() == 1 ? independence(others[0], v) : independence(others[0], others[1], v)) > least_sine;
}

void require_volume(const Mat3& vectors, const std::array<bool, 3>& periodic) {
    static constexpr const char* hint = "give the cell vectors as three rows in angstrom, or mark the direction as not periodic";
    std::array<bool, 3> kept{false, false, false};
    for (int i = 0; i < 3; ++i) {
        if (!periodic[static_cast<std::size_t>(i)]) continue;
        if (!present(vectors.row(i).transpose()))
            throw InputError("cell vector " + std::to_string(i + 1) + " is zero although its direction is periodic", {}, hint);
        if (!independent_of(kept, vectors, i))
            throw InputError("the periodic cell vectors are linearly dependent: the cell has no volume", {}, hint);
        kept[static_cast<std::size_t>(i)] = true;
    }
}

}  // namespace

Cell::Cell(const Mat3& vectors, std::array<bool, 3> periodic) : vectors_(vectors), periodic_(periodic) {
    if (!vectors.allFinite()) throw InputError("the cell has a number that is not finite");
    if (vectors.cwiseAbs().maxCoeff() > greatest_length) throw InputError("the cell has a vector longer than 1e12 angstrom");
    require_volume(vectors_, periodic_);
}

double Cell::volume() const { return std::abs(vectors_.determinant()); }

Mat3 Cell::completed() const {
    Mat3 full = vectors_;
    std::array<bool, 3> kept = periodic_;
    for (int i = 0; i < 3; ++i)
        if (!kept[static_cast<std::size_t>(i)]) kept[static_cast<std::size_t>(i)] = present(vector(i)) && independent_of(kept, vectors_, i);
    for (int i = 0; i < 3; ++i) {
        if (kept[static_cast<std::size_t>(i)]) continue;
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        const bool has_j = kept[static_cast<std::size_t>(j)], has_k = kept[static_cast<std::size_t>(k)];
        const Vec3 a = full.row(j).transpose(), b = full.row(k).transpose();
        Vec3 normal = Vec3::Unit(i);
        if (has_j && has_k)
            normal = a.normalized().cross(b.normalized()).normalized();
        else if (has_j)
            normal = normal_to(a, i);
        else if (has_k)
            normal = normal_to(b, i);
        full.row(i) = normal.transpose();
        kept[static_cast<std::size_t>(i)] = true;
    }
    return full;
}

Vec3 Cell::to_fractional(const Vec3& position) const { return completed().transpose().inverse() * position; }

Vec3 Cell::to_cartesian(const Vec3& fractional) const { return completed().transpose() * fractional; }

Vec3 Cell::heights() const {
    const Mat3 full = completed();
    Vec3 heights;
    for (int i = 0; i < 3; ++i) {
        const Vec3 normal = full.row((i + 1) % 3).cross(full.row((i + 2) % 3)).transpose();
        heights[i] = std::abs(full.row(i).dot(normal.normalized()));
    }
    return heights;
}

Vec3 Cell::wrap(const Vec3& position) const {
    if (!any_periodic()) return position;
    const Vec3 fractional = to_fractional(position);
    Vec3 wrapped = position;
    for (int i = 0; i < 3; ++i)
        if (periodic_[static_cast<std::size_t>(i)]) wrapped -= std::floor(fractional[i]) * vector(i);
    return wrapped;
}

Cell Cell::strained(const Mat3& strain) const { return Cell(Mat3(vectors_ * (Mat3::Identity() + strain)), periodic_); }

}  // namespace alkali::structure
