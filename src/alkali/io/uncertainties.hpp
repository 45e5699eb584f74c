#pragma once
#include <string>
#include <string_view>

#include "alkali/structure/frame.hpp"

namespace alkali::io {

/// Names of the expected errors and deviations that `alkali predict` writes: columns of atoms (force_std, devi_f) and keys of frames
/// (energy_std, stress_std, max_devi_f, ...).
[[nodiscard]] bool is_uncertainty_of_atoms(std::string_view column);
[[nodiscard]] bool is_uncertainty_of_frame(std::string_view key);

/// Which of the expected errors and deviations that a frame carries (force_std, devi_f, energy_std, ... as `alkali predict` writes
/// them) is no finite number, with its atom; empty: none.
[[nodiscard]] std::string not_finite_uncertainty(const structure::Frame& frame);
/// True for the name of a key or column that holds one.
[[nodiscard]] bool is_uncertainty(std::string_view name);

}  // namespace alkali::io
