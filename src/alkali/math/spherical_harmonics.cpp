#include "alkali/math/spherical_harmonics.hpp"

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/math/coupling.hpp"

namespace alkali::math {

// Order l from order l-1: Y_l,m ~ sum_{axis,n} C(l,1,l-1)[m,axis,n] r_axis Y_{l-1,n}, scaled so that the vector of order l
// has the norm sqrt(2l+1) on the polar axis (0,1,0), hence everywhere.
SphericalHarmonics::SphericalHarmonics(int l_max) : l_max_(l_max), recursion_(static_cast<std::size_t>(l_max) + 1) {
    if (l_max < 0 || l_max > max_angular_order) throw InputError("l_max must lie between 0 and " + std::to_string(max_angular_order));
    std::vector<double> lower{1.0};
    constexpr std::size_t capacity = coupling_capacity(max_angular_order, 1, max_angular_order);
    for (int l = 1; l <= l_max; ++l) {
        const auto table = coupling_terms<capacity>(l, 1, l - 1);
        std::vector<double> polar(static_cast<std::size_t>(2 * l) + 1, 0.0);
        auto& terms = recursion_[static_cast<std::size_t>(l)];
        for (std::size_t t = 0; t < table.count; ++t) {
            const auto& c = table.terms[t];
            terms.push_back({c.m1, c.m2, c.m3, c.value});
            if (c.m2 == 1) polar[static_cast<std::size_t>(c.m1)] += c.value * lower[static_cast<std::size_t>(c.m3)];
        }
        double norm = 0;
        for (const double p : polar) norm += p * p;
        const double scale = std::sqrt((2.0 * l + 1.0) / norm);
        for (auto& term : terms) term.value *= scale;
        for (double& p : polar) p *= scale;
        lower = polar;
    }
}

void SphericalHarmonics::evaluate(const Vec3& direction, std::span<double> values) const {
    values[0] = 1.0;
    for (int l = 1; l <= l_max_; ++l) {
        const auto base = static_cast<std::size_t>(l * l), below = static_cast<std::size_t>((l - 1) * (l - 1));
        for (int m = 0; m <= 2 * l; ++m) values[base + static_cast<std::size_t>(m)] = 0;
        for (const auto& t : recursion_[static_cast<std::size_t>(l)])
            values[base + static_cast<std::size_t>(t.m)] += t.value * direction[t.axis] * values[below + static_cast<std::size_t>(t.lower)];
    }
}

void SphericalHarmonics::evaluate(const Vec3& direction, double length, std::span<double> values, std::span<Vec3> gradient) const {
    values[0] = 1.0;
    gradient[0].setZero();
    for (int l = 1; l <= l_max_; ++l) {
        const auto base = static_cast<std::size_t>(l * l), below = static_cast<std::size_t>((l - 1) * (l - 1));
        for (int m = 0; m <= 2 * l; ++m) {
            values[base + static_cast<std::size_t>(m)] = 0;
            gradient[base + static_cast<std::size_t>(m)].setZero();
        }
        for (const auto& t : recursion_[static_cast<std::size_t>(l)]) {
            const auto up = base + static_cast<std::size_t>(t.m), down = below + static_cast<std::size_t>(t.lower);
            values[up] += t.value * direction[t.axis] * values[down];
            gradient[up] += t.value * direction[t.axis] * gradient[down];
            gradient[up][t.axis] += t.value * values[down];
        }
    }
    // So far the gradients of the homogeneous polynomials at the unit vector; project to the sphere and scale.
    for (int l = 1; l <= l_max_; ++l)
        for (int m = 0; m <= 2 * l; ++m) {
            const auto k = static_cast<std::size_t>(l * l + m);
            gradient[k] = (gradient[k] - l * values[k] * direction) / length;
        }
}

}  // namespace alkali::math
