#include "alkali/math/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alkali/base/error.hpp"

namespace alkali::math {

void refuse_order() { throw InputError("a value that is not a number (NaN) has no place in an order", {}, "look where it comes from"); }

std::vector<std::size_t> ascending(const std::vector<double>& values) {
    if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) refuse_order();
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    return order;
}

namespace {

std::vector<double> ranks(const std::vector<double>& values) {
    const auto order = ascending(values);
    std::vector<double> rank(values.size());
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
        while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
        for (std::size_t k = begin; k < end; ++k) rank[order[k]] = 0.5 * static_cast<double>(begin + end - 1);
    }
    return rank;
}

}  // namespace

double normal_half_width(double probability) {
    double low = 0, high = 40;
    for (int step = 0; step < 100; ++step) {
        const double middle = 0.5 * (low + high);
        (std::erf(middle / std::sqrt(2.0)) < probability ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
    const auto x = ranks(a), y = ranks(b);
    const double middle = 0.5 * (static_cast<double>(x.size()) - 1);
    double xy = 0, xx = 0, yy = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
        xy += (x[k] - middle) * (y[k] - middle);
        xx += (x[k] - middle) * (x[k] - middle);
        yy += (y[k] - middle) * (y[k] - middle);
    }
    return xy / std::sqrt(xx * yy);
}

}  // namespace alkali::math
