#pragma once
#include <string>
#include <vector>

#include "alkali/report/references.hpp"
#include "alkali/report/source.hpp"

namespace alkali::report {

/// Why a reader should not take a number of records.json as it stands, one sentence each; empty: nothing speaks against it.
/// A number is doubted that is not finite, that no stable crystal has (negative moduli, B' outside 0 to 10), that another method in
/// the same records contradicts, or that lies far from everything the literature says of this crystal (5 % for lengths, a factor of two
/// for the rest).
[[nodiscard]] std::vector<std::string> doubts_about(const std::string& name, const records::Records& records, const References& references);

/// Where the error bars of a source are too small, as its evaluations measured: fewer errors within the interval of 68 % than
/// chance explains (too_low). Empty: they are not, or nobody measured.
[[nodiscard]] std::string small_bars(const Source& source);

/// True where coverage observed at a nominal probability is lower by more than 10 % and three times its own standard deviation.
[[nodiscard]] bool too_low(double observed, double nominal, double deviation);

/// Errors of energies that are mostly a constant, since the labels' zero of energy is another one: the mean error is both beyond
/// 10 meV/atom and beyond three times the RMSE about it (all in meV/atom).
[[nodiscard]] bool another_zero(double mean_error, double rmse_about_mean);

/// |mean error| of energies in meV/atom where it makes another zero of energy, of the whole set ("") or a group ("_surface"); else 0.
[[nodiscard]] double zero_offset(const records::Records& evaluation, const std::string& group);

}  // namespace alkali::report
