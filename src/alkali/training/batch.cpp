#include "alkali/training/batch.hpp"

#include <algorithm>

#include "alkali/base/threads.hpp"
#include "alkali/models/contract/assemble.hpp"
#include "alkali/models/contract/limits.hpp"

namespace alkali::training {
namespace {
/// 1.5 GB: of 52 bytes an edge.
constexpr std::size_t most_kept_edges = 30000000;
constexpr std::size_t frames_at_once = 256;
}  // namespace

GraphSet::GraphSet(std::vector<structure::Frame> frames, std::vector<std::string> type_names, double cutoff)
    : frames_(std::move(frames)), type_names_(std::move(type_names)), cutoff_(cutoff) {
    make_graphs(nullptr);
}

GraphSet::GraphSet(std::vector<structure::Frame> frames, const models::Model& model)
    : frames_(std::move(frames)), type_names_(model.type_names()), cutoff_(model.cutoff()) {
    make_graphs(&model);
}

void GraphSet::make_graphs(const models::Model* model) {
    std::size_t edges = 0;
    std::vector<models::StructureGraph> chunk(frames_at_once);
    for (std::size_t begin = 0; begin < frames_.size(); begin += frames_at_once) {
        const std::size_t count = std::min(frames_at_once, frames_.size() - begin);
        base::parallel_for(count, [&](std::size_t k) {
            const auto& frame = frames_[begin + k];
            chunk[k] = models::structure_graph(frame.structure, type_names_, cutoff_, frame.where());
            if (model) models::require_within_limits(*model, chunk[k].view(), frame.where());
        });
        for (std::size_t k = 0; k < count; ++k) {
            edges += chunk[k].list.edges();
            if (edges <= most_kept_edges) graphs_.push_back(std::move(chunk[k]));
        }
    }
}

const models::StructureGraph& GraphSet::graph(std::size_t index, models::StructureGraph& scratch) const {
    if (index < graphs_.size()) return graphs_[index];
    scratch = models::structure_graph(frames_[index].structure, type_names_, cutoff_, frames_[index].where());
    return scratch;
}

Batch::Batch(const GraphSet& set, std::span<const std::size_t> indices) {
    models::StructureGraph scratch;
    incoming_.first = {0};
    for (const std::size_t index : indices) {
        const auto& graph = set.graph(index, scratch);
        const auto& frame = set.frame(index);
        items_.push_back({&frame, types_.size(), graph.types.size(), neighbour_.size(), graph.list.edges(),
                          frame.structure.cell.fully_periodic() ? frame.structure.cell.volume() : 0.0});
        const auto atom_offset = static_cast<int>(types_.size());
        const auto edge_offset = static_cast<std::int64_t>(neighbour_.size());
        types_.insert(types_.end(), graph.types.begin(), graph.types.end());
        for (std::size_t i = 1; i < graph.list.first.size(); ++i) first_.push_back(edge_offset + graph.list.first[i]);
        for (const int j : graph.list.neighbour) neighbour_.push_back(atom_offset + j);
        vector_.insert(vector_.end(), graph.list.vector.begin(), graph.list.vector.end());
        for (std::size_t i = 1; i < graph.incoming.first.size(); ++i) incoming_.first.push_back(edge_offset + graph.incoming.first[i]);
        for (const std::int32_t e : graph.incoming.edge) incoming_.edge.push_back(static_cast<std::int32_t>(edge_offset) + e);
        for (const std::int32_t i : graph.incoming.centre) incoming_.centre.push_back(atom_offset + i);
    }
}

models::Graph Batch::graph() const { return {static_cast<int>(types_.size()), 0, types_, first_, neighbour_, vector_, &incoming_}; }

void assemble(const Batch& batch, std::span<const Vec3> edge_gradient, BatchForces& out) {
    const auto graph = batch.graph();
    out.forces.resize(batch.atoms());
    models::Assembly assembly{out.forces, {}};
    models::assemble(graph, edge_gradient, assembly);
    out.stress.assign(batch.items().size(), Mat3::Zero());
    const auto& items = batch.items();
#pragma omp parallel for schedule(dynamic)
    for (std::size_t f = 0; f < items.size(); ++f) {
        const auto& item = items[f];
        if (item.volume <= 0) continue;
        Mat3 sum = Mat3::Zero();
        for (std::size_t e = item.first_edge; e < item.first_edge + item.edges; ++e)
            sum.noalias() += graph.vector[e] * edge_gradient[e].transpose();
        out.stress[f] = 0.5 * (sum + sum.transpose()) / item.volume;
    }
}

}  // namespace alkali::training
