#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "alkali/dataset/check.hpp"

// Energies of frames that are like each other in volume and forces: what checks of the zero of energy have in common.
namespace alkali::dataset {

/// Frames are compared up to this part of their volume per atom.
constexpr double like_volume = 0.25;
constexpr std::size_t fewest_of_a_zero = 3;
/// Two zeros lie so many times farther apart than the energies of either.
constexpr double clear_gap = 5.0;

/// angstrom^3 per atom; 0 where there is no cell.
[[nodiscard]] double room(const Frame& frame);
/// eV.
[[nodiscard]] double per_atom(const Frame& frame);
/// Root mean square of the components, eV/angstrom; 0 where there are none.
[[nodiscard]] double forces_of(const Frame& frame);
[[nodiscard]] std::vector<double> distances_from(const std::vector<double>& values, double centre);

struct Point {
    double room, forces, energy;
};
/// False without a volume, or with forces of crystals at rest, whose phases differ by more than their noise.
[[nodiscard]] bool can_be_compared(const Point& point);

/// Frames of one composition beside those that are like them: about the same room and forces of about the same size, which is a
/// temperature, have about the same energy.
struct LikeFrames {
    std::vector<double> offsets, scatter;  ///< eV/atom

    void add(const std::vector<Point>& base, const std::vector<Point>& other);
    /// Of the others above the base; 0 where it is no more than their scatter or an error of a calculation explains, or where there
    /// are too few of them.
    [[nodiscard]] double offset() const;
};

/// Names a file that holds energies of two zeros, by the first frame of the fewer.
void look_for_two_zeros(std::span<const Frame* const> file, const CheckLimits& limits, std::vector<Finding>& findings);

}  // namespace alkali::dataset
