#pragma once
#include <span>

/// Uniform cubic B-splines, many at once: coefficients (intervals + 3) x width, row k + m (m = 0..3) serves interval k.
namespace alkali::models {

/// What a spline does at an end.
enum class SplineEnd {
    natural,  ///< zero curvature
    zero      ///< value, slope and curvature are zero, and the last value, which would say so, is not given
};

/// Coefficients that interpolate values at the knots. The beginning is natural. values: (intervals + 1) x width, one row less
/// with SplineEnd::zero. At least 4 intervals.
void spline_coefficients(std::span<const double> values, int intervals, int width, SplineEnd end, std::span<double> coefficients);
/// The transpose: value_gradient (as values) from coefficient_gradient (as coefficients).
void spline_gradient(std::span<const double> coefficient_gradient, int intervals, int width, SplineEnd end,
                     std::span<double> value_gradient);

}  // namespace alkali::models
