#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "alkali/math/types.hpp"

namespace alkali::models {

/// Edges by neighbour: the transpose of a Graph's edge lists, for gathering gradients without write conflicts.
struct IncomingEdges {
    std::vector<std::int64_t> first;   ///< (num_local + num_ghost + 1)
    std::vector<std::int32_t> edge;    ///< (E) edge numbers, ascending within an atom
    std::vector<std::int32_t> centre;  ///< (E) centre of edge[k]
};

class GraphShare;
class Workspaces;

/// What a model sees: atoms of this domain, ghost atoms of others, and edges sorted by centre.
/// Centres are always local atoms; a neighbour may be a ghost (index >= num_local). On one process periodic images
/// are not ghosts: the edge vector carries the image and the neighbour is the local atom itself.
struct Graph {
    int num_local = 0;
    int num_ghost = 0;
    std::span<const int> types;               ///< (num_local + num_ghost) model type of each atom
    std::span<const std::int64_t> first;      ///< (num_local + 1) edges of centre i are first[i] .. first[i+1]-1
    std::span<const int> neighbour;           ///< (E)
    std::span<const Vec3> vector;             ///< (E) neighbour minus centre, angstrom
    const IncomingEdges* incoming = nullptr;  ///< made by whoever makes the graph, with incoming_edges()
    GraphShare* share = nullptr;              ///< where several models look at the graph: what they share of it (shared.hpp)
    Workspaces* workspaces = nullptr;         ///< where several models take turns: the memory they work in (shared.hpp)

    /// *incoming. Errors: InternalError where it is missing.
    [[nodiscard]] const IncomingEdges& by_neighbour() const;
    [[nodiscard]] int num_atoms() const { return num_local + num_ghost; }
    [[nodiscard]] std::int64_t num_edges() const { return static_cast<std::int64_t>(neighbour.size()); }
};

/// `graph.incoming` is not looked at.
[[nodiscard]] IncomingEdges incoming_edges(const Graph& graph);

/// Moves features between domains between the layers of a model. Rows are (num_local + num_ghost) x width, row-major.
/// Every domain calls the same sequence, empty domains too.
class Exchange {
public:
    virtual ~Exchange() = default;
    /// Copies the rows of local atoms to the ghosts that mirror them elsewhere.
    virtual void forward(float* rows, std::size_t width) = 0;
    virtual void forward(double* rows, std::size_t width) = 0;
    /// Adds the rows of ghosts to the local atoms they mirror (in a fixed order); ghost rows are left undefined.
    virtual void reverse_add(float* rows, std::size_t width) = 0;
    virtual void reverse_add(double* rows, std::size_t width) = 0;
};

/// One process, no ghosts: nothing to move.
class NoExchange final : public Exchange {
public:
    void forward(float*, std::size_t) override {}
    void forward(double*, std::size_t) override {}
    void reverse_add(float*, std::size_t) override {}
    void reverse_add(double*, std::size_t) override {}
};

}  // namespace alkali::models
