#pragma once
#include "alkali/calculator/calculator.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::calculator {

/// calculator.compute() of a frame's structure, whose file and number its InputErrors name.
[[nodiscard]] Result compute(Calculator& calculator, const structure::Frame& frame, const Request& request = {});

}  // namespace alkali::calculator
