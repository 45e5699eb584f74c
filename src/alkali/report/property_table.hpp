#pragma once
#include <string>
#include <vector>

#include "alkali/report/material.hpp"
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

/// Of one material: one row per scalar record that any of its sources has, one column per source, then those columns of the
/// literature that say something about these rows. Cells carry uncertainty, settings and source; literature cells a
/// citation. A property that failed is said so in its source's column (the record `failures`), and numbers in doubt are marked and
/// listed below with the reasons (doubts.hpp). Empty if no source has a scalar record or a failure.
[[nodiscard]] std::string property_table(const Material& material, Citations& citations);

/// Errors on the data sets of all evaluations, beside the paper's where an evaluation is of the same elements. Empty without an
/// evaluation.
[[nodiscard]] std::string error_table(const std::vector<Source>& sources, Citations& citations);

}  // namespace alkali::report
