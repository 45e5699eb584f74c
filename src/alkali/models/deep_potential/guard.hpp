#pragma once
#include "alkali/models/common/tabulation_guard.hpp"
#include "alkali/models/deep_potential/model.hpp"

namespace alkali::models::deep_potential {

/// How far the tables of one model are from its embedding nets, at several numbers of intervals.
class TableGuard {
public:
    TableGuard(const Hyperparameters& hyperparameters, std::span<const double> parameters);
    /// Largest errors over probe_structures() with so many intervals, in float64 whatever the model's precision.
    [[nodiscard]] Tabulation measure(int intervals);

private:
    DeepPotential tabulated_;
    TabulationGuard guard_;
};

}  // namespace alkali::models::deep_potential
