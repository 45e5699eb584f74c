#pragma once
#include <span>
#include <vector>

#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/graph.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::training {

/// Frames with their graphs. Neighbour lists are computed once and kept as long as they fit into a budget of memory.
class GraphSet {
public:
    /// Errors: InputError naming file and frame of an unknown species or overlapping atoms.
    GraphSet(std::vector<structure::Frame> frames, std::vector<std::string> type_names, double cutoff);
    /// For this model. Errors: also those of its limits (models/contract/limits.hpp).
    GraphSet(std::vector<structure::Frame> frames, const models::Model& model);
    [[nodiscard]] std::size_t size() const { return frames_.size(); }
    [[nodiscard]] const std::vector<structure::Frame>& frames() const { return frames_; }
    [[nodiscard]] const structure::Frame& frame(std::size_t index) const { return frames_[index]; }
    /// The graph of a frame; `scratch` holds it when it is not kept.
    [[nodiscard]] const models::StructureGraph& graph(std::size_t index, models::StructureGraph& scratch) const;

private:
    /// Every graph is made once, also those that are not kept: their faults are found before training begins.
    void make_graphs(const models::Model* model);

    std::vector<structure::Frame> frames_;
    std::vector<std::string> type_names_;
    double cutoff_;
    std::vector<models::StructureGraph> graphs_;  ///< of the first frames, as many as fit
};

/// Several frames as one graph, their disjoint union in the given order.
class Batch {
public:
    struct Item {
        const structure::Frame* frame = nullptr;
        std::size_t first_atom = 0, atoms = 0;
        std::size_t first_edge = 0, edges = 0;
        double volume = 0;  ///< angstrom^3
    };
    Batch(const GraphSet& set, std::span<const std::size_t> indices);
    [[nodiscard]] models::Graph graph() const;
    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] std::size_t atoms() const { return types_.size(); }
    [[nodiscard]] std::size_t edges() const { return neighbour_.size(); }

private:
    std::vector<int> types_, neighbour_;
    std::vector<std::int64_t> first_ = {0};
    std::vector<Vec3> vector_;
    std::vector<Item> items_;
    models::IncomingEdges incoming_;
};

/// Forces and stresses of every frame of a batch from the gradient on its edges; the same for any number of threads.
struct BatchForces {
    std::vector<Vec3> forces;  ///< (atoms of the batch)
    std::vector<Mat3> stress;  ///< (frames), eV/angstrom^3; zero for frames that are not fully periodic
};
void assemble(const Batch& batch, std::span<const Vec3> edge_gradient, BatchForces& out);

}  // namespace alkali::training
