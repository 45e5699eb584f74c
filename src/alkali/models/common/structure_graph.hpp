#pragma once
#include <string>
#include <vector>

#include "alkali/models/contract/graph.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::models {

/// The graph of one whole structure: every atom local, periodic images carried by the edge vectors.
struct StructureGraph {
    std::vector<int> types;  ///< (N) model type
    structure::NeighbourList list;
    IncomingEdges incoming;

    [[nodiscard]] Graph view() const;
};

/// Distance below which two atoms count as one on top of the other, angstrom.
inline constexpr double overlap_distance = 0.1;

/// The neighbour list of a structure that can have an energy. where: file and frame for messages. Errors: InputError for two
/// overlapping atoms or a position that is not finite.
[[nodiscard]] structure::NeighbourList edges_of(const structure::Structure& structure, double cutoff, const std::string& where);

/// where: file and frame for messages. Errors: InputError naming an unknown species, two overlapping atoms or a position
/// that is not finite.
[[nodiscard]] StructureGraph structure_graph(const structure::Structure& structure, std::span<const std::string> type_names, double cutoff,
                                             const std::string& where);

}  // namespace alkali::models
