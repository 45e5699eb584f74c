#pragma once
#include <memory>
#include <string>
#include <vector>

#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/models/contract/shared.hpp"

namespace alkali::models {

/// One structure as several models see it: one neighbour list, of the largest cutoff, from which those of smaller cutoffs are
/// picked; models with the same cutoff and order of types have one graph and share what they make of it. Every graph is bit by
/// bit what structure_graph() gives for that model alone.
class SharedStructure {
public:
    /// cutoff: the largest of the models, angstrom. workspaces may be null; it and the structure outlive this object.
    /// Errors: InputError for overlapping atoms or a position that is not finite.
    SharedStructure(const structure::Structure& structure, double cutoff, Workspaces* workspaces, std::string where);

    /// The graph for this model, valid as long as this object. One thread at a time.
    /// Errors: InputError naming an unknown species; InternalError for a cutoff larger than that of the constructor.
    [[nodiscard]] Graph graph(const Model& model);

private:
    struct List {
        double cutoff = 0;
        structure::NeighbourList edges;
        IncomingEdges incoming;
    };
    struct View {
        const List* list = nullptr;
        std::vector<std::string> type_names;
        std::vector<int> types;
        GraphShare share;
    };
    [[nodiscard]] const List& list_of(double cutoff);

    const structure::Structure& structure_;
    Workspaces* workspaces_;
    std::string where_;
    std::vector<std::unique_ptr<List>> lists_;  ///< the first has the largest cutoff
    std::vector<std::unique_ptr<View>> views_;
};

}  // namespace alkali::models
