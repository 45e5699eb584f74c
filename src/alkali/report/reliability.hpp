#pragma once
#include <string>
#include <vector>

#include "alkali/report/plot.hpp"
#include "alkali/report/source.hpp"

namespace alkali::report {

/// From the record `reliability`: how often errors lie within intervals of each nominal probability, and RMSE against expected
/// standard deviation in groups of ascending deviation, energy, forces and stress. Empty if there is no such record.
/// Errors: InputError if the record does not have the shape of docs/guide/results.md.
[[nodiscard]] std::vector<Plot> reliability_plots(const records::Records& evaluation);

/// An HTML table of coverage by nominal probability; empty if there is no such record. Errors: as above.
[[nodiscard]] std::string coverage_table(const records::Records& evaluation);

}  // namespace alkali::report
