#pragma once

namespace alkali::math {

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

}  // namespace alkali::math
