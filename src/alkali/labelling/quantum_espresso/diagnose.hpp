#pragma once
#include <string>

#include "alkali/base/child_process.hpp"
#include "alkali/labelling/labeller.hpp"

namespace alkali::labelling::qe {

/// What is left of a run.
struct Remains {
    base::CommandOutcome outcome;
    std::string output;  ///< text of pw.x
    std::string errors;  ///< standard error, of the launcher too
    std::string crash;   ///< the CRASH file
};

struct Diagnosis {
    Fault fault = Fault::none;
    std::string detail;  ///< the program's own words, on one line
};

/// Why a run failed, from how it ended and from what it wrote; Fault::none if nothing speaks against reading its labels.
[[nodiscard]] Diagnosis diagnose(const Remains& remains);

}  // namespace alkali::labelling::qe
