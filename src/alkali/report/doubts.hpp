#pragma once
#include <string>
#include <vector>

#include "alkali/records/energy_zero.hpp"
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

using records::another_zero;

/// |mean error| of energies in meV/atom over the whole set where it makes another zero of energy; else 0. A group does not tell:
/// the error of a model is alike in frames that are alike. Nor do one or two frames.
[[nodiscard]] double zero_offset(const records::Records& evaluation);

}  // namespace alkali::report
