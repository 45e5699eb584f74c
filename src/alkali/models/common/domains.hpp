#pragma once
#include <array>
#include <memory>
#include <vector>

#include "alkali/calculator/calculator.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/structure/structure.hpp"

namespace alkali::models {

/// A piece of a structure as one process of a parallel program would hold it. An atom may be ghost several times (images).
struct Domain {
    struct Origin {
        int domain = 0;  ///< where the mirrored atom is local
        int local = 0;   ///< its index there
    };
    std::vector<int> atoms;      ///< (num_local) index in the whole structure
    std::vector<Origin> ghosts;  ///< (num_ghost)
    std::vector<int> types;      ///< (num_local + num_ghost)
    std::vector<std::int64_t> first;
    std::vector<int> neighbour;
    std::vector<Vec3> vector;
    IncomingEdges incoming;

    [[nodiscard]] Graph view() const;
};

/// Cuts a structure into counts[0] x counts[1] x counts[2] equal parts along its (completed) cell vectors. Every
/// neighbour that lies in another part, and every periodic image, becomes a ghost; parts may be empty.
[[nodiscard]] std::vector<Domain> cut_into_domains(const structure::Structure& structure, const Model& model,
                                                   const std::array<int, 3>& counts);

/// Evaluates the domains at the same time, one thread each, with an in-process exchange between them, and puts the whole
/// together: what Calculator::compute gives for the undivided structure, per-atom values included.
[[nodiscard]] calculator::Result evaluate_domains(const structure::Structure& structure, const Model& model,
                                                  std::span<const Domain> domains);

}  // namespace alkali::models
