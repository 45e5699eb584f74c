#pragma once
#include <span>

#include "alkali/base/log.hpp"
#include "alkali/calculator/calculator.hpp"
#include "alkali/models/common/force_uncertainty.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::models {

/// What a calibration found, on frames that took no part in it (two halves in turn).
struct CalibrationCheck {
    std::size_t components = 0;  ///< force components with labels
    /// Spearman, of expected errors with the committee's standard deviations; of the sizes of the errors where there is no committee.
    double rank_correlation = 0;
    double coverage_90 = 0;  ///< share of errors within intervals that should hold 90 %
};

struct Calibration {
    ForceUncertainty uncertainty;
    CalibrationCheck check;
};

/// Fits what `model` expects of the errors of its forces. Which components are uncertain is learned from the standard deviations of a
/// committee (a calculator with Result::uncertainty) over all frames, labelled or not; without one, from the errors themselves. How
/// large the errors are is learned from the labelled frames, so that intervals of 90 % hold 90 % of them: give frames that the model
/// was not trained on.
/// Errors: InputError for fewer than four frames with forces, a committee without uncertainties, errors or deviations that are not
/// finite, beyond belief, all alike or no more than rounding, and where what was learned cannot be used; those of the calculators.
[[nodiscard]] Calibration calibrate_forces(const Model& model, calculator::Calculator* committee, std::span<const structure::Frame> frames,
                                           base::ProgressSink& progress);

}  // namespace alkali::models
