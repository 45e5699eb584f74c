#include "alkali/models/common/spline.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace alkali::models {
namespace {

/// Solves the (1 4 1) tridiagonal system in place for `count` rows of `width` values (Thomas; diagonally dominant).
void solve_141(double* rows, int count, int width) {
    std::vector<double> ratio(static_cast<std::size_t>(count));
    double pivot = 4;
    for (int k = 0; k < count; ++k) {
        if (k > 0) {
            ratio[static_cast<std::size_t>(k)] = 1 / pivot;
            pivot = 4 - 1 / pivot;
            const double r = ratio[static_cast<std::size_t>(k)];
            double* row = rows + static_cast<std::ptrdiff_t>(k) * width;
            for (int c = 0; c < width; ++c) row[c] -= r * row[c - width];
        }
    }
    for (int k = count - 1; k >= 0; --k) {
        // The pivot of row k is 4 - ratio[k] (4 in row 0).
        const double inverse = 1 / (4 - (k > 0 ? ratio[static_cast<std::size_t>(k)] : 0.0));
        double* row = rows + static_cast<std::ptrdiff_t>(k) * width;
        if (k + 1 < count)
            for (int c = 0; c < width; ++c) row[c] = (row[c] - row[c + width]) * inverse;
        else
            for (int c = 0; c < width; ++c) row[c] *= inverse;
    }
}

/// Knots 1 .. unknown() of the end have an equation each; what lies beyond is known.
int unknown(int intervals, SplineEnd end) { return end == SplineEnd::natural ? intervals - 1 : intervals - 2; }

}  // namespace

// Row r of the coefficients is c_{r-1}. Interpolation at knot k: c_{k-1} + 4 c_k + c_{k+1} = 6 w_k; zero curvature at knot 0:
// c_{-1} = 2 c_0 - c_1, which leaves c_0 = w_0, and likewise at knot K; SplineEnd::zero: c_{K-1}, c_K, c_{K+1} are zero.
void spline_coefficients(std::span<const double> values, int intervals, int width, SplineEnd end, std::span<double> coefficients) {
    const auto w = static_cast<std::size_t>(width), count = static_cast<std::size_t>(unknown(intervals, end));
    std::fill(coefficients.begin(), coefficients.end(), 0.0);
    double* first = coefficients.data() + 2 * w;  // c_1
    for (std::size_t c = 0; c < w; ++c) coefficients[w + c] = values[c];
    for (std::size_t i = 0; i < count * w; ++i) first[i] = 6 * values[w + i];
    for (std::size_t c = 0; c < w; ++c) first[c] -= values[c];
    if (end == SplineEnd::natural)
        for (std::size_t c = 0; c < w; ++c) {
            first[count * w + c] = values[(count + 1) * w + c];
            first[(count - 1) * w + c] -= values[(count + 1) * w + c];
        }
    solve_141(first, static_cast<int>(count), width);
    for (std::size_t c = 0; c < w; ++c) {
        coefficients[c] = 2 * coefficients[w + c] - coefficients[2 * w + c];
        if (end == SplineEnd::natural) first[(count + 1) * w + c] = 2 * first[count * w + c] - first[(count - 1) * w + c];
    }
}

void spline_gradient(std::span<const double> coefficient_gradient, int intervals, int width, SplineEnd end,
                     std::span<double> value_gradient) {
    const auto w = static_cast<std::size_t>(width), count = static_cast<std::size_t>(unknown(intervals, end));
    std::copy_n(coefficient_gradient.begin() + static_cast<std::ptrdiff_t>(w), value_gradient.size(), value_gradient.begin());
    double* first = value_gradient.data() + w;
    for (std::size_t c = 0; c < w; ++c) {
        value_gradient[c] += 2 * coefficient_gradient[c];
        first[c] -= coefficient_gradient[c];
        if (end == SplineEnd::natural) {
            const double last = coefficient_gradient[(count + 3) * w + c];
            first[count * w + c] += 2 * last;
            first[(count - 1) * w + c] -= last;
        }
    }
    solve_141(first, static_cast<int>(count), width);
    for (std::size_t c = 0; c < w; ++c) {
        value_gradient[c] -= first[c];
        if (end == SplineEnd::natural) first[count * w + c] -= first[(count - 1) * w + c];
    }
    for (std::size_t i = 0; i < count * w; ++i) first[i] *= 6;
}

}  // namespace alkali::models
