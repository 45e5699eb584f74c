#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/records/record.hpp"

namespace alkali::training {

/// Errors beside the standard deviations that a calculator expected of them (docs/theory/uncertainty.md).
class Reliability {
public:
    /// Errors of one frame are not independent: they are resampled together.
    void begin_frame() { first_.push_back(errors_.size()); }
    void add(double error, double deviation);
    [[nodiscard]] std::size_t size() const { return errors_.size(); }

    /// The mean error; root mean squares of the errors about it and of the deviations.
    struct Moments {
        double mean = 0, about_mean = 0, expected = 0;
    };
    [[nodiscard]] Moments moments() const;
    /// Takes a constant out of all errors that is none of the calculator's, such as another zero of the labels' energies. What
    /// put() and table() give tells it as mean_error_taken_out.
    void take_out(double constant);

    /// Share of the errors within the interval that should hold `probability` of them.
    [[nodiscard]] double coverage(double probability) const;
    /// Standard deviation of coverage() over frames drawn anew with replacement; 0 for a single frame.
    [[nodiscard]] double coverage_deviation(double probability) const;

    /// NAME_std (root mean square of the deviations, `unit`, times factor), NAME_std_correlation (Spearman, with the sizes of the
    /// errors), NAME_coverage_50, _68, _90, _95 (uncertainty: coverage_deviation).
    void put(records::Records& records, const std::string& name, double factor, const std::string& unit) const;
    /// {"points", "nominal": [..], "observed": [..], "std": [..], "rmse": [..]}: coverage at many levels; rms deviation and RMSE of
    /// ten groups of equal size and ascending deviation, times factor.
    [[nodiscard]] nlohmann::json table(double factor) const;

private:
    std::vector<double> errors_, deviations_;
    double taken_out_ = 0;
    std::vector<std::size_t> first_;  ///< of each frame
};

}  // namespace alkali::training
