#include <algorithm>
#include <cmath>
#include <cstddef>

#include "alkali/kernels/reference/kernels.hpp"
#include "alkali/kernels/reference/radial.hpp"

// Plain loops, as the formulas in contract/triplet.hpp read.
namespace alkali::kernels::reference {
namespace {

/// The four splines at e: first row, values, d/de.
struct Taps {
    int row = 0;
    double value[4] = {}, slope[4] = {};
};

Taps taps_at(const TripletAxis& axis, double e) {
    const double x = e / axis.scale, u = (std::asinh(x) - axis.start) * axis.per_unit;
    const int intervals = axis.rows - 3;
    Taps taps;
    taps.row = std::clamp(static_cast<int>(u), 0, intervals - 1);
    const double factor = axis.per_unit / (axis.scale * std::sqrt(1 + x * x));
    math::cubic_basis(u - taps.row, taps.value, taps.slope);
    for (double& slope : taps.slope) slope *= factor;
    return taps;
}

template <class T>
double inner(const TripletGroup<T>& a, int j, const TripletGroup<T>& b, int k) {
    return static_cast<double>(a.u[0][j] * b.u[0][k] + a.u[1][j] * b.u[1][k] + a.u[2][j] * b.u[2][k]);
}

/// Calls f(j, k, weight) for every pair.
template <class T, class F>
void for_pairs(const TripletGroup<T>& first, const TripletGroup<T>& second, bool same, F f) {
    for (int j = 0; j < first.count; ++j)
        for (int k = same ? j : 0; k < second.count; ++k) f(j, k, same && k > j ? 2.0 : 1.0);
}

template <class T>
void forward(const TripletForward<T>& t) {
    for_pairs(t.first, t.second, t.same, [&](int j, int k, double weight) {
        const double e = inner(t.first, j, t.second, k);
        const Taps taps = taps_at(t.axis, e);
        for (int m = 0; m < 4; ++m) t.histogram[taps.row + m] += static_cast<T>(weight * e * taps.value[m]);
    });
}

template <class T>
void backward(const TripletBackward<T>& t) {
    for_pairs(t.first, t.second, t.same, [&](int j, int k, double weight) {
        const double e = inner(t.first, j, t.second, k);
        const Taps taps = taps_at(t.axis, e);
        double by_e = 0;
        for (int m = 0; m < 4; ++m) by_e += static_cast<double>(t.line[taps.row + m]) * (taps.value[m] + e * taps.slope[m]);
        by_e *= weight;
        for (int d = 0; d < 3; ++d) {
            t.first_gradient[d][j] += static_cast<T>(by_e) * t.second.u[d][k];
            t.second_gradient[d][k] += static_cast<T>(by_e) * t.first.u[d][j];
        }
    });
}

template <class T>
void tangent(const TripletTangent<T>& t) {
    for_pairs(t.first, t.second, t.same, [&](int j, int k, double weight) {
        const double e = inner(t.first, j, t.second, k);
        const double e_tangent = inner(t.first_tangent, j, t.second, k) + inner(t.first, j, t.second_tangent, k);
        const Taps taps = taps_at(t.axis, e);
        for (int m = 0; m < 4; ++m) {
            t.histogram[taps.row + m] += static_cast<T>(weight * e * taps.value[m]);
            t.tangent_histogram[taps.row + m] += static_cast<T>(weight * e_tangent * (taps.value[m] + e * taps.slope[m]));
        }
    });
}

}  // namespace

template <class T>
TripletKernels<T> triplet_kernels() {
    return {forward<T>, backward<T>, tangent<T>};
}
template TripletKernels<float> triplet_kernels<float>();
template TripletKernels<double> triplet_kernels<double>();

}  // namespace alkali::kernels::reference
