#pragma once
#include <span>

#include "alkali/models/contract/graph.hpp"

namespace alkali::models {

/// The one place where edge gradients become forces and virials. With g_e = dE/d(r_j - r_i):
/// force on i: + sum over its own edges of g_e, minus g_e of the edges that end on it;
/// virial W = - sum_e r_e (x) g_e (eV; stress = -W/V), symmetrised; per atom half of each edge's to either end.
/// Sizes: forces and virials (num_local + num_ghost); virials may be empty. What lands on ghosts must be sent home by
/// the caller (Exchange::reverse_add). Fixed order of summation for any number of threads.
struct Assembly {
    std::span<Vec3> forces;
    std::span<Mat3> virials;
    Mat3 virial = Mat3::Zero();  ///< total over this domain's edges
};
void assemble(const Graph& graph, std::span<const Vec3> edge_gradient, Assembly& out);

}  // namespace alkali::models
