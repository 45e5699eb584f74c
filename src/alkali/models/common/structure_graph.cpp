#include "alkali/models/common/structure_graph.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/models/common/statistics.hpp"

namespace alkali::models {
namespace {

void refuse_overlaps(const structure::NeighbourList& list, const std::string& where) {
    for (std::size_t i = 0; i < list.atoms(); ++i)
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e)
            if (list.vector[e].squaredNorm() < overlap_distance * overlap_distance)
                throw InputError(
                    fmt::format("atoms {} and {} are {:.3g} angstrom apart", i + 1, list.neighbour[e] + 1, list.vector[e].norm()), where,
                    "remove the duplicate atom, or check positions and cell");
}

}  // namespace

Graph StructureGraph::view() const {
    return {static_cast<int>(types.size()), 0, types, list.first, list.neighbour, list.vector, &incoming};
}

structure::NeighbourList edges_of(const structure::Structure& structure, double cutoff, const std::string& where) {
    for (std::size_t i = 0; i < structure.size(); ++i)
        if (!structure.positions[i].allFinite())
            throw InputError("the position of atom " + std::to_string(i + 1) + " is not finite", where);
    auto list = structure::neighbour_list(structure, cutoff);
    refuse_overlaps(list, where);
    return list;
}

StructureGraph structure_graph(const structure::Structure& structure, std::span<const std::string> type_names, double cutoff,
                               const std::string& where) {
    StructureGraph graph;
    graph.types = types_of(structure, type_names, where);
    graph.list = edges_of(structure, cutoff, where);
    graph.incoming = incoming_edges(graph.view());
    return graph;
}

}  // namespace alkali::models
