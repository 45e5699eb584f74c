#pragma once
#include <vector>

#include "alkali/models/nequip/model.hpp"
#include "alkali/structure/structure.hpp"

/// How far the radial splines are from the network they interpolate, in energies and forces (docs/theory/precision.md,
/// docs/decisions/0011).
namespace alkali::models::nequip {

/// Structures that sample the distances and species a model works at: rattled bcc crystals of 16 atoms, species drawn at random,
/// at the atomic volume of the elements (where one has none: of the model's mean neighbour count), a quarter denser and a third
/// thinner. Fixed seed.
[[nodiscard]] std::vector<structure::Structure> probe_structures(const Hyperparameters& hyperparameters);

/// Measures one model at several numbers of intervals; the exact results are computed once.
class SplineGuard {
public:
    SplineGuard(const Hyperparameters& hyperparameters, std::span<const double> parameters);
    /// Largest errors over the probes with so many intervals, in float64 whatever the model's precision.
    [[nodiscard]] Tabulation measure(int intervals);

private:
    struct Outcome {
        double energy = 0;
        std::vector<Vec3> forces;
    };
    [[nodiscard]] static Outcome outcome(const NequIP& model, const structure::Structure& probe);

    std::vector<structure::Structure> probes_;
    NequIP spline_;
    std::vector<Outcome> exact_;
};

}  // namespace alkali::models::nequip
