#pragma once
#include <string>
#include <vector>

#include "alkali/report/plot.hpp"
#include "alkali/report/source.hpp"

namespace alkali::report {

/// Of each setting that `alkali label converge` varied: the errors in units of their tolerances against its values. Empty if the
/// source has no record `convergence`. Errors: InputError if it does not have the shape of docs/guide/results.md.
[[nodiscard]] std::vector<Plot> convergence_plots(const Source& source);

/// The numbers, with the recommended value of each setting marked. Empty if there is no such record.
[[nodiscard]] std::string convergence_table(const Source& source);

}  // namespace alkali::report
