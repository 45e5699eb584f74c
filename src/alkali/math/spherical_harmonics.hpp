#pragma once
#include <span>
#include <vector>

#include "alkali/math/types.hpp"

namespace alkali::math {

/// Real spherical harmonics of unit vectors up to l_max, component normalised (sum over m of Y_lm^2 = 2l+1), ordered
/// l = 0..l_max, m = -l..l, polar axis y: l = 1 is sqrt(3) (x, y, z). The convention of e3nn.
class SphericalHarmonics {
public:
    explicit SphericalHarmonics(int l_max);
    [[nodiscard]] int l_max() const { return l_max_; }
    [[nodiscard]] int size() const { return (l_max_ + 1) * (l_max_ + 1); }
    /// direction: unit vector; values: (size()).
    void evaluate(const Vec3& direction, std::span<double> values) const;
    /// Also the gradient with respect to the vector r = length * direction: gradient[i] = dY_i/dr (1/angstrom).
    void evaluate(const Vec3& direction, double length, std::span<double> values, std::span<Vec3> gradient) const;

    /// Y_{l,m} += value * direction[axis] * Y_{l-1,lower}
    struct Term {
        int m, axis, lower;
        double value;
    };
    /// How order l comes from order l-1, ascending in m; for code that evaluates many edges at a time.
    [[nodiscard]] const std::vector<Term>& recursion(int l) const { return recursion_[static_cast<std::size_t>(l)]; }

private:
    int l_max_;
    std::vector<std::vector<Term>> recursion_;  ///< by l; entry l builds order l from order l-1
};

}  // namespace alkali::math
