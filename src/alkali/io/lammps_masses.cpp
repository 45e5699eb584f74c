#include "alkali/io/lammps_masses.hpp"

#include <cmath>

#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// A mass names an element if it is nearer than this (amu) to the element's.
constexpr double mass_tolerance = 0.05;

}  // namespace

int element_of_mass(double mass) {
    int best = 1;
    for (int z = 1; z <= units::max_atomic_number; ++z)
        if (std::abs(units::atomic_mass(z) - mass) < std::abs(units::atomic_mass(best) - mass)) best = z;
    return std::abs(units::atomic_mass(best) - mass) < mass_tolerance ? best : 0;
}

}  // namespace alkali::io
