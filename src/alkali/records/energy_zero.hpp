#pragma once

namespace alkali::records {

/// Errors of energies that are mostly a constant, since the labels' zero of energy is another one: the mean error is both beyond
/// 10 meV/atom and beyond three times the RMSE about it (all in meV/atom).
[[nodiscard]] bool another_zero(double mean_error, double rmse_about_mean);
/// So many frames it takes to tell a constant from an error of the model.
inline constexpr int fewest_frames_of_a_zero = 3;

}  // namespace alkali::records
