#include "alkali/models/contract/assemble.hpp"

namespace alkali::models {

void assemble(const Graph& graph, std::span<const Vec3> edge_gradient, Assembly& out) {
    const int atoms = graph.num_atoms();
    const IncomingEdges& incoming = graph.by_neighbour();
    std::vector<Mat3> rows(static_cast<std::size_t>(graph.num_local));
    const bool per_atom = !out.virials.empty();
#pragma omp parallel for schedule(static)
    for (int i = 0; i < atoms; ++i) {
        Vec3 force = Vec3::Zero();
        Mat3 own = Mat3::Zero(), other = Mat3::Zero();
        if (i < graph.num_local) {
            for (std::int64_t e = graph.first[static_cast<std::size_t>(i)]; e < graph.first[static_cast<std::size_t>(i) + 1]; ++e) {
                const auto k = static_cast<std::size_t>(e);
                force += edge_gradient[k];
                own.noalias() -= graph.vector[k] * edge_gradient[k].transpose();
            }
            rows[static_cast<std::size_t>(i)] = own;
        }
        for (std::int64_t s = incoming.first[static_cast<std::size_t>(i)]; s < incoming.first[static_cast<std::size_t>(i) + 1]; ++s) {
            const auto k = static_cast<std::size_t>(incoming.edge[static_cast<std::size_t>(s)]);
            force -= edge_gradient[k];
            if (per_atom) other.noalias() -= graph.vector[k] * edge_gradient[k].transpose();
        }
        out.forces[static_cast<std::size_t>(i)] = force;
        if (per_atom) {
            const Mat3 half = 0.5 * (own + other);
            out.virials[static_cast<std::size_t>(i)] = 0.5 * (half + half.transpose());
        }
    }
    Mat3 virial = Mat3::Zero();
    for (const Mat3& row : rows) virial += row;
    out.virial = 0.5 * (virial + virial.transpose());
}

}  // namespace alkali::models
