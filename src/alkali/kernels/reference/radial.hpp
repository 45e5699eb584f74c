#pragma once
#include <cmath>

#include "alkali/kernels/contract/convolution.hpp"

namespace alkali::kernels::reference {

/// The interval of x and the values and slopes (d/dx) of the four cubic B-splines there.
struct SplineTaps {
    int interval = 0;
    bool inside = false;
    double value[4] = {}, slope[4] = {};
};

/// The four cubic B-splines that are not zero at t in [0, 1] of an interval, and their derivatives by t.
inline void cubic_basis(double t, double (&value)[4], double (&slope)[4]) {
    const double s = 1 - t;
    value[0] = s * s * s / 6;
    value[1] = (4 + t * t * (3 * t - 6)) / 6;
    value[2] = (4 + s * s * (3 * s - 6)) / 6;
    value[3] = t * t * t / 6;
    slope[0] = -0.5 * s * s;
    slope[1] = 0.5 * t * (3 * t - 4);
    slope[2] = -0.5 * s * (3 * s - 4);
    slope[3] = 0.5 * t * t;
}

[[nodiscard]] inline SplineTaps spline_taps(double x, int intervals) {
    SplineTaps taps;
    if (!(x < 1.0)) return taps;
    const double u = x * intervals;
    taps.interval = static_cast<int>(u);
    if (taps.interval > intervals - 1) taps.interval = intervals - 1;
    taps.inside = true;
    cubic_basis(u - taps.interval, taps.value, taps.slope);
    for (double& slope : taps.slope) slope *= intervals;
    return taps;
}

}  // namespace alkali::kernels::reference
