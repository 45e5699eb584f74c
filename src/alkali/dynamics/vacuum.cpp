#include "alkali/dynamics/vacuum.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace alkali::dynamics {

std::array<double, 3> empty_layers(const structure::Structure& structure) {
    std::array<double, 3> layers{};
    if (structure.size() == 0) return layers;
    const Vec3 heights = structure.cell.heights();
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (!structure.cell.periodic()[axis]) continue;
        std::vector<double> places;
        for (const Vec3& position : structure.positions) {
            const double place = structure.cell.to_fractional(position)[static_cast<Eigen::Index>(axis)];
            places.push_back(place - std::floor(place));
        }
        std::sort(places.begin(), places.end());
        double widest = places.front() + 1 - places.back();
        for (std::size_t k = 1; k < places.size(); ++k) widest = std::max(widest, places[k] - places[k - 1]);
        layers[axis] = widest * heights[static_cast<Eigen::Index>(axis)];
    }
    return layers;
}

std::array<bool, 3> vacuum_directions(const structure::Structure& structure, double reach) {
    constexpr double never_in_a_crystal = 8;  // angstrom
    const double least = reach > 0 ? std::min(reach, never_in_a_crystal) : never_in_a_crystal;
    std::array<bool, 3> vacuum{};
    const auto layers = empty_layers(structure);
    for (std::size_t axis = 0; axis < 3; ++axis) vacuum[axis] = layers[axis] >= least;
    return vacuum;
}

}  // namespace alkali::dynamics
