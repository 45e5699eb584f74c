#pragma once
#include "alkali/calculator/registry.hpp"

namespace alkali::app {

/// Defined in apps/alkali/calculators.cpp, which is compiled into the module too: what the program can open, Python can.
[[nodiscard]] calculator::Registry make_calculators();

}  // namespace alkali::app
