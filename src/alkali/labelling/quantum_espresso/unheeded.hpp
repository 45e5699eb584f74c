#pragma once
#include <string>
#include <vector>

#include "alkali/labelling/quantum_espresso/settings.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::labelling::qe {

/// What a frame says of its k-mesh, charge or spins that its calculation does otherwise, in words for people; empty where that makes
/// no difference.
[[nodiscard]] std::vector<std::string> unheeded(const structure::Frame& frame, const Physics& physics);

}  // namespace alkali::labelling::qe
