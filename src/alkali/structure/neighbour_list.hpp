#pragma once
#include <cstdint>
#include <vector>

#include "alkali/structure/structure.hpp"

namespace alkali::structure {

/// All pairs within a cutoff, both directions, every periodic image, no self pair at zero distance.
/// Edges are sorted by centre; within a centre by neighbour, then image: the order does not depend on threads.
struct NeighbourList {
    std::vector<std::int64_t> first;        ///< (N+1) edges of atom i are first[i] .. first[i+1]-1
    std::vector<int> neighbour;             ///< (E) atom index j
    std::vector<std::array<int, 3>> shift;  ///< (E) image of j in cell vectors, relative to unwrapped positions
    std::vector<Vec3> vector;               ///< (E) r_j + shift.cell - r_i, angstrom

    [[nodiscard]] std::size_t atoms() const { return first.empty() ? 0 : first.size() - 1; }
    [[nodiscard]] std::size_t edges() const { return neighbour.size(); }
};

/// Linear-time cell list; works for any cell shape, open directions, and cells smaller than the cutoff.
/// Errors: InputError for a cutoff <= 0 or positions that are not finite.
[[nodiscard]] NeighbourList neighbour_list(const Structure& structure, double cutoff);
/// The edges of a list that are within a smaller cutoff: what neighbour_list() gives for that cutoff, to the last bit. Images
/// are left out where the list has none.
[[nodiscard]] NeighbourList within(const NeighbourList& list, double cutoff);
/// O(N^2 x images) search used to check the other.
[[nodiscard]] NeighbourList neighbour_list_brute_force(const Structure& structure, double cutoff);

}  // namespace alkali::structure
