#pragma once
#include <vector>

#include "alkali/training/batch.hpp"

namespace alkali::training {

/// How much of a validation set may be looked at each time.
struct ValidationBudget {
    std::size_t most_frames = 0;  ///< asked for by the config; 0: as many as `most_atoms` allows
    double most_atoms = 0;        ///< all frames together
};

/// The order in which frames are taken into a validation: drawn once, the same in every run, so that errors can be compared.
[[nodiscard]] std::vector<std::size_t> validation_order(std::size_t frames);
/// How many of the first frames of that order a validation takes: what the budget allows, at least one, and so many that every
/// kind of label that the set has is among them.
[[nodiscard]] std::size_t validated_frames(const GraphSet& set, const ValidationBudget& budget);
/// The first ones of that order, ascending.
[[nodiscard]] std::vector<std::size_t> chosen_frames(const GraphSet& set, std::size_t count);
[[nodiscard]] double atoms_of(const GraphSet& set);

}  // namespace alkali::training
