#pragma once
#include <array>

#include "alkali/math/types.hpp"

namespace alkali::structure {

/// Three cell vectors (rows, angstrom) and which of them repeat. A direction that does not repeat may have a zero
/// vector. Any handedness, any mix of periodic and open directions.
class Cell {
public:
    /// No periodic direction, zero vectors.
    Cell() : vectors_(Mat3::Zero()), periodic_{false, false, false} {}
    /// Errors: InputError for non-finite entries or for periodic vectors that are zero or linearly dependent
    /// (a cell without volume).
    explicit Cell(const Mat3& vectors, std::array<bool, 3> periodic = {true, true, true});
    [[nodiscard]] static Cell cubic(double a) { return Cell(Mat3(Mat3::Identity() * a)); }

    [[nodiscard]] const Mat3& vectors() const { return vectors_; }
    [[nodiscard]] Vec3 vector(int i) const { return vectors_.row(i).transpose(); }
    [[nodiscard]] const std::array<bool, 3>& periodic() const { return periodic_; }
    [[nodiscard]] bool fully_periodic() const { return periodic_[0] && periodic_[1] && periodic_[2]; }
    [[nodiscard]] bool any_periodic() const { return periodic_[0] || periodic_[1] || periodic_[2]; }
    /// |det| in angstrom^3; zero when a vector is missing.
    [[nodiscard]] double volume() const;
    /// The cell with unit vectors, normal to the others, put in place of missing (zero) vectors: always invertible.
    [[nodiscard]] Mat3 completed() const;
    /// Fractional coordinates with respect to completed(), and back.
    [[nodiscard]] Vec3 to_fractional(const Vec3& position) const;
    [[nodiscard]] Vec3 to_cartesian(const Vec3& fractional) const;
    /// Distance between opposite faces along each vector, of completed().
    [[nodiscard]] Vec3 heights() const;
    /// Position moved into the cell along periodic directions only.
    [[nodiscard]] Vec3 wrap(const Vec3& position) const;
    /// Vectors times (1 + strain), strain in cartesian axes: row a -> a (1 + strain).
    [[nodiscard]] Cell strained(const Mat3& strain) const;

private:
    Mat3 vectors_;
    std::array<bool, 3> periodic_;
};

}  // namespace alkali::structure
