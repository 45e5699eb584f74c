#include "alkali/models/contract/graph.hpp"

#include "alkali/base/error.hpp"

namespace alkali::models {

const IncomingEdges& Graph::by_neighbour() const {
    if (!incoming) throw InternalError("a graph was made without its incoming edges");
    return *incoming;
}

IncomingEdges incoming_edges(const Graph& graph) {
    IncomingEdges in;
    const auto atoms = static_cast<std::size_t>(graph.num_atoms());
    in.first.assign(atoms + 1, 0);
    for (const int j : graph.neighbour) ++in.first[static_cast<std::size_t>(j) + 1];
    for (std::size_t i = 0; i < atoms; ++i) in.first[i + 1] += in.first[i];
    in.edge.resize(graph.neighbour.size());
    in.centre.resize(graph.neighbour.size());
    std::vector<std::int64_t> next(in.first.begin(), in.first.end() - 1);
    for (int i = 0; i < graph.num_local; ++i)
        for (std::int64_t e = graph.first[static_cast<std::size_t>(i)]; e < graph.first[static_cast<std::size_t>(i) + 1]; ++e) {
            const auto slot = static_cast<std::size_t>(next[static_cast<std::size_t>(graph.neighbour[static_cast<std::size_t>(e)])]++);
            in.edge[slot] = static_cast<std::int32_t>(e);
            in.centre[slot] = i;
        }
    return in;
}

}  // namespace alkali::models
