#include "alkali/training/reliability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/base/random.hpp"
#include "alkali/math/statistics.hpp"

namespace alkali::training {
namespace {

constexpr int resamples = 200;
constexpr std::size_t groups = 10;

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

void Reliability::add(double error, double deviation) {
    errors_.push_back(error);
    deviations_.push_back(deviation);
}

Reliability::Moments Reliability::moments() const {
    Moments moments;
    if (errors_.empty()) return moments;
    const auto count = static_cast<double>(errors_.size());
    for (const double error : errors_) moments.mean += (error - errors_[0]) / count;  // differences keep their digits
    moments.mean += errors_[0];
    for (std::size_t k = 0; k < errors_.size(); ++k) {
        moments.about_mean += (errors_[k] - moments.mean) * (errors_[k] - moments.mean) / count;
        moments.expected += deviations_[k] * deviations_[k] / count;
    }
    moments.about_mean = std::sqrt(moments.about_mean);
    moments.expected = std::sqrt(moments.expected);
    return moments;
}

void Reliability::take_out(double constant) {
    for (double& error : errors_) error -= constant;
    taken_out_ += constant;
}

double Reliability::coverage(double probability) const {
    const double width = math::normal_half_width(probability);
    std::size_t inside = 0;
    for (std::size_t k = 0; k < errors_.size(); ++k) inside += std::abs(errors_[k]) <= width * deviations_[k] ? 1 : 0;
    return static_cast<double>(inside) / static_cast<double>(errors_.size());
}

double Reliability::coverage_deviation(double probability) const {
    const double width = math::normal_half_width(probability);
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
    const auto order = math::ascending(deviations_);
    put_number(records, name + "_std", factor * root_mean_square(deviations_, order, 0, order.size()), unit, size());
    std::vector<double> magnitudes;
    for (const double error : errors_) magnitudes.push_back(std::abs(error));
    std::vector<std::string> about_errors;
    if (const double correlation = math::spearman(deviations_, magnitudes); std::isfinite(correlation))
        put_number(records, about_errors.emplace_back(name + "_std_correlation"), correlation, "1", size());
    for (const int percent : {50, 68, 90, 95})
        put_number(records, about_errors.emplace_back(fmt::format("{}_coverage_{}", name, percent)), coverage(0.01 * percent), "1", size(),
                   coverage_deviation(0.01 * percent));
    if (taken_out_ == 0) return;
    for (const auto& each : about_errors) {
        auto record = records.at(each);
        record.settings["mean_error_taken_out"] = factor * taken_out_;
        records.set(each, std::move(record));
    }
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
    if (taken_out_ != 0) table["mean_error_taken_out"] = factor * taken_out_;
    const auto order = math::ascending(deviations_);
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t begin = g * size() / groups, end = (g + 1) * size() / groups;
        if (begin == end) continue;
        table["std"].push_back(factor * root_mean_square(deviations_, order, begin, end));
        table["rmse"].push_back(factor * root_mean_square(errors_, order, begin, end));
    }
    return table;
}

}  // namespace alkali::training
