#pragma once
#include <vector>

#include "alkali/labelling/kinds.hpp"

namespace alkali::app {

/// All kinds of labellers (labellers.cpp: one line each).
[[nodiscard]] const std::vector<labelling::LabellerKind>& labeller_kinds();

}  // namespace alkali::app
