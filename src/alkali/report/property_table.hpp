#pragma once
#include <string>
#include <vector>

#include "alkali/report/references.hpp"
#include "alkali/report/source.hpp"

namespace alkali::report {

/// The literature a page cites, numbered in the order of first use.
class Citations {
public:
    /// The number of a source, from 1.
    int cite(const ReferenceValue& value);
    /// <ol> of all that were cited; empty if none.
    [[nodiscard]] std::string list() const;

private:
    std::vector<std::string> entries_;
};

/// One row per scalar record that any source has, one column per source with records, then those columns of the
/// literature that say something about these rows. Cells carry uncertainty, settings and source; literature cells a
/// citation. Empty if no source has a scalar record.
[[nodiscard]] std::string property_table(const std::vector<Source>& sources, const References& references, Citations& citations);

/// Errors on the data sets of all evaluations, beside the paper's. Empty without an evaluation.
[[nodiscard]] std::string error_table(const std::vector<Source>& sources, const References& references, Citations& citations);

}  // namespace alkali::report
