#pragma once
#include "alkali/properties/study.hpp"

namespace alkali::properties {

/// E(V) of the conventional cell at `points` volumes spread evenly over +-range around `centre` (volume per atom) with
/// cell shape and ions relaxed. Sampling is held as at the centre.
[[nodiscard]] std::vector<EnergyVolume> energy_volume_curve(Study& study, const structure::Structure& centre, double range, int points);

/// Scan, E(V) fits re-centred until the fitted minimum is the centre, and relaxation to zero stress.
[[nodiscard]] GroundState find_ground_state(Study& study);

}  // namespace alkali::properties
