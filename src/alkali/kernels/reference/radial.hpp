#pragma once
#include <cmath>

#include "alkali/kernels/contract/convolution.hpp"
#include "alkali/math/cubic_basis.hpp"

namespace alkali::kernels::reference {

/// The interval of x and the values and slopes (d/dx) of the four cubic B-splines there.
struct SplineTaps {
    int interval = 0;
    bool inside = false;
    double value[4] = {}, slope[4] = {};
};

[[nodiscard]] inline SplineTaps spline_taps(double x, int intervals) {
    SplineTaps taps;
    if (!(x < 1.0)) return taps;
    const double u = x * intervals;
    taps.interval = static_cast<int>(u);
    if (taps.interval > intervals - 1) taps.interval = intervals - 1;
    taps.inside = true;
    math::cubic_basis(u - taps.interval, taps.value, taps.slope);
    for (double& slope : taps.slope) slope *= intervals;
    return taps;
}

}  // namespace alkali::kernels::reference
