#pragma once
#include <span>
#include <string>
#include <vector>

#include "alkali/models/contract/graph.hpp"
#include "alkali/models/deep_potential/environment.hpp"

namespace alkali::models::deep_potential {

/// A neighbour, or several that are not there.
struct SeenEdge {
    std::int64_t edge = 0;  ///< in the graph; -1: not there
    int embedding = 0;
    Sight sight;
    Vec3 vector = Vec3::Zero();
    double count = 1;  ///< how many it stands for
};

/// What follows from a model's hyperparameters and statistics, and nothing else of it.
struct Eyes {
    const Architecture* architecture = nullptr;
    const std::vector<Normalisation>* normalisations = nullptr;
    bool round_geometry = false;  ///< precision float32: edge vectors rounded
    /// Equal for models that see the same.
    [[nodiscard]] std::string key() const;
};

/// Before anything is computed. where: file and frame. Errors: InputError naming both and an atom that has more neighbours of a type than
/// `sel`, counted as Surroundings does.
void require_room_for_neighbours(const Architecture& architecture, bool round_geometry, const Graph& graph, const std::string& where);

/// What some atoms see.
struct Surroundings {
    std::vector<std::int32_t> first;   ///< (atoms + 1)
    std::vector<SeenEdge> edges;       ///< by atom, then by type of the neighbour
    std::vector<int> counts;           ///< (atoms, types) neighbours of each type that count
    std::vector<std::int64_t> unseen;  ///< edges of excluded pairs and beyond rcut

    /// Errors: InputError where an atom has more neighbours of a type than `sel`.
    void gather(const Eyes& eyes, const Graph& graph, std::span<const int> atoms);

private:
    void gather_atom(const Eyes& eyes, const Graph& graph, int atom);
    void add_absent(int embedding, double x, int count);
};

}  // namespace alkali::models::deep_potential
