#pragma once
#include "alkali/models/common/tabulation_guard.hpp"
#include "alkali/models/nequip/model.hpp"

namespace alkali::models::nequip {

/// How far the radial splines of one model are from the network they interpolate, at several numbers of intervals.
class SplineGuard {
public:
    SplineGuard(const Hyperparameters& hyperparameters, std::span<const double> parameters);
    /// Largest errors over probe_structures() with so many intervals, in float64 whatever the model's precision.
    [[nodiscard]] Tabulation measure(int intervals);

private:
    NequIP spline_;
    TabulationGuard guard_;
};

}  // namespace alkali::models::nequip
