#include "alkali/training/reliability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alkali/base/random.hpp"

namespace alkali::training {
namespace {

constexpr int resamples = 200;
constexpr std::size_t groups = 10;

std::vector<std::size_t> ascending(const std::vector<double>& values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    return order;
}

std::vector<double> ranks(const std::vector<double>& values) {
    const auto order = ascending(values);
    std::vector<double> rank(values.size());
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
        while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
        for (std::size_t k = begin; k < end; ++k) rank[order[k]] = 0.5 * static_cast<double>(begin + end - 1);
    }
    return rank;
}

double root_mean_square(const std::vector<double>& values, const std::vector<std::size_t>& order, std::size_t begin, std::size_t end) {
    double sum = 0;
    for (std::size_t k = begin; k < end; ++k) sum += values[order[k]] * values[order[k]];
    return std::sqrt(sum / static_cast<double>(end - begin));
}

void put_number(records::Records& records, const std::string& name, double value, const std::string& unit, std::size_t count,
                std::optional<double> uncertainty = {}) {
    records::Record record;
    record.value = value;
    record.unit = unit;
    record.uncertainty = uncertainty;
    record.settings = {{"values", count}};
    records.set(name, std::move(record));
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

void Reliability::add(double error, double deviation) {
    errors_.push_back(error);
    deviations_.push_back(deviation);
}

double Reliability::coverage(double probability) const {
    const double width = normal_half_width(probability);
    std::size_t inside = 0;
    for (std::size_t k = 0; k < errors_.size(); ++k) inside += std::abs(errors_[k]) <= width * deviations_[k] ? 1 : 0;
    return static_cast<double>(inside) / static_cast<double>(errors_.size());
}

double Reliability::coverage_deviation(double probability) const {
    const double width = normal_half_width(probability);
    std::vector<double> inside(first_.size()), count(first_.size());
    for (std::size_t f = 0; f < first_.size(); ++f) {
        const std::size_t end = f + 1 < first_.size() ? first_[f + 1] : errors_.size();
        count[f] = static_cast<double>(end - first_[f]);
        for (std::size_t k = first_[f]; k < end; ++k) inside[f] += std::abs(errors_[k]) <= width * deviations_[k] ? 1 : 0;
    }
    base::Random random(1);
    double sum = 0, squares = 0;
    for (int r = 0; r < resamples; ++r) {
        double hits = 0, all = 0;
        for (std::size_t f = 0; f < first_.size(); ++f) {
            const auto drawn = random.below(first_.size());
            hits += inside[drawn];
            all += count[drawn];
        }
        const double share = all > 0 ? hits / all : 0;
        sum += share / resamples;
        squares += share * share / resamples;
    }
    return std::sqrt(std::max(0.0, squares - sum * sum));
}

void Reliability::put(records::Records& records, const std::string& name, double factor, const std::string& unit) const {
    if (errors_.empty()) return;
    const auto order = ascending(deviations_);
    put_number(records, name + "_std", factor * root_mean_square(deviations_, order, 0, order.size()), unit, size());
    std::vector<double> magnitudes;
    for (const double error : errors_) magnitudes.push_back(std::abs(error));
    if (const double correlation = spearman(deviations_, magnitudes); std::isfinite(correlation))
        put_number(records, name + "_std_correlation", correlation, "1", size());
    for (const int percent : {50, 68, 90, 95})
        put_number(records, fmt::format("{}_coverage_{}", name, percent), coverage(0.01 * percent), "1", size(),
                   coverage_deviation(0.01 * percent));
}

nlohmann::json Reliability::table(double factor) const {
    nlohmann::json table = {{"points", size()},
                            {"nominal", nlohmann::json::array()},
                            {"observed", nlohmann::json::array()},
                            {"std", nlohmann::json::array()},
                            {"rmse", nlohmann::json::array()}};
    for (const int percent : {10, 20, 30, 40, 50, 60, 68, 80, 90, 95, 99}) {
        table["nominal"].push_back(0.01 * percent);
        table["observed"].push_back(coverage(0.01 * percent));
    }
    const auto order = ascending(deviations_);
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t begin = g * size() / groups, end = (g + 1) * size() / groups;
        if (begin == end) continue;
        table["std"].push_back(factor * root_mean_square(deviations_, order, begin, end));
        table["rmse"].push_back(factor * root_mean_square(errors_, order, begin, end));
    }
    return table;
}

}  // namespace alkali::training
