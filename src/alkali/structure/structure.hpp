#pragma once
#include <string>
#include <vector>

#include "alkali/structure/cell.hpp"

namespace alkali::structure {

/// Atoms in a cell. Species are atomic numbers (0 = "X", unknown).
struct Structure {
    Cell cell;
    std::vector<int> numbers;     ///< (N) atomic numbers
    std::vector<Vec3> positions;  ///< (N) angstrom, not necessarily wrapped

    [[nodiscard]] std::size_t size() const { return numbers.size(); }
    /// Appends an atom.
    void add(int number, const Vec3& position) {
        numbers.push_back(number);
        positions.push_back(position);
    }
};

/// Cell and positions deformed affinely by (1 + strain), strain in cartesian axes (3x3, need not be symmetric).
[[nodiscard]] Structure strained(const Structure& structure, const Mat3& strain);
/// Repeated along the cell vectors; counts >= 1. Atom order: the images of cell (0,0,0) first, then (0,0,1) ...
[[nodiscard]] Structure repeated(const Structure& structure, const std::array<int, 3>& counts);
/// InputError naming the atom when a position is not finite, sizes disagree, or two atoms (images included) are
/// nearer than min_distance (angstrom).
void check(const Structure& structure, double min_distance = 0.1);

}  // namespace alkali::structure
