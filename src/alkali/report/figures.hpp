#pragma once
#include <vector>

#include "alkali/report/plot.hpp"
#include "alkali/report/source.hpp"

namespace alkali::report {

/// What a training run logged against its epochs: the loss, RMSE of energy, forces and stress (training and validation
/// where both are there), the learning rate. One figure per quantity that has a column.
[[nodiscard]] std::vector<Plot> learning_curves(const Table& metrics);

/// Predicted against reference for energy, forces, stress, from the record `parity`. Each point tells its frame.
/// Of more than `most_points` per figure all those with the largest errors are kept and the others thinned evenly;
/// the caption then says so. Energies that differ by another zero (doubts.hpp) are drawn less their mean error, which the caption tells.
/// Empty if there is no such record.
/// Errors: InputError if the record does not have the shape of docs/guide/results.md.
[[nodiscard]] std::vector<Plot> parity_plots(const records::Records& evaluation, std::size_t most_points = 4000);

/// E(V) of every source that has the record `equation_of_state_curve`, each against its own minimum.
[[nodiscard]] Plot energy_volume_plot(const std::vector<const Source*>& sources);

}  // namespace alkali::report
