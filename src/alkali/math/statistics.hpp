#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace alkali::math {

/// Indices in ascending order of the values; equal ones stay in their order. Errors: InputError for a value that is NaN.
[[nodiscard]] std::vector<std::size_t> ascending(const std::vector<double>& values);

/// Errors: InputError, saying that what is not a number has no place in an order.
[[noreturn]] void refuse_order();

/// The middle value, of an even number the upper of the two; 0 of none. Errors: InputError for a value that is NaN.
template <typename T>
[[nodiscard]] T median(std::vector<T> values) {
    if (values.empty()) return 0;
    if (std::any_of(values.begin(), values.end(), [](T value) { return std::isnan(value); })) refuse_order();
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}
/// Standard deviation of a normal distribution over the median of absolute deviations from its median.
inline constexpr double sigma_of_mad = 1.4826;

/// Half the width of the central interval of a normal distribution that holds this probability (0 < p < 1), in standard
/// deviations: 1.645 for 0.9.
[[nodiscard]] double normal_half_width(double probability);

/// Rank correlation of two series (Spearman), equal values sharing the mean of their ranks. NaN for fewer than two points or
/// where one series is constant. Errors: InputError for a value that is NaN.
[[nodiscard]] double spearman(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace alkali::math
