#pragma once
#include "alkali/calculator/registry.hpp"

namespace alkali::app {

/// What a number of threads means to calculators that use OpenMP: so many at most, as many of them as prove fastest (small systems, and
/// all on a machine that others use too, are done sooner with fewer), or exactly so many, for those who measure.
enum class ThreadUse { at_most, exactly };

/// make_calculators() takes ThreadUse::at_most.
[[nodiscard]] calculator::Registry make_calculators(ThreadUse use);

}  // namespace alkali::app
