#pragma once
#include <string>
#include <string_view>

#include "alkali/structure/frame.hpp"

namespace alkali::io {

/// Which of the expected errors and deviations that a frame carries (force_std, devi_f, energy_std, ... as `alkali predict` writes
/// them) is no finite number, with its atom; empty: none.
[[nodiscard]] std::string not_finite_uncertainty(const structure::Frame& frame);
/// True for the name of a key or column that holds one.
[[nodiscard]] bool is_uncertainty(std::string_view name);

}  // namespace alkali::io
