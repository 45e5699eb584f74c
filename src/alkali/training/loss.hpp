#pragma once
#include <span>
#include <vector>

#include "alkali/training/batch.hpp"
#include "alkali/training/errors.hpp"

namespace alkali::training {

struct LossSettings {
    enum class Form { mse, huber };
    Form form = Form::mse;
    double huber_delta = 0.01;  ///< residuals beyond it (in each term's own unit) count linearly
    /// Coefficients of the mean over frames of ((E - E*)/N)^2 (eV), over force components (eV/angstrom), over the 9 stress
    /// components and over the 6 off-diagonal ones (eV/angstrom^3).
    double total_energy = 1, forces = 1, stress = 0, shear = 0;
    [[nodiscard]] bool uses_stress() const { return stress > 0 || shear > 0; }
};

/// How many labels the means of a step run over: those of the whole step, wherever its frames are computed.
struct LabelCounts {
    double energies = 0, force_components = 0, stresses = 0;
    void add(const structure::Frame& frame);
};

/// The weighted terms of the loss; their sum is what is minimised.
struct LossTerms {
    double energy = 0, forces = 0, stress = 0, shear = 0;
    [[nodiscard]] double total() const { return energy + forces + stress + shear; }
};

/// Derivatives of the loss that a TrainingPass turns into the parameter gradient.
struct LossSeeds {
    std::vector<double> energies;  ///< (atoms) dL/dE_i
    std::vector<Vec3> edges;       ///< (edges) dL/dg_e, g_e = dE/d(edge vector)
};

/// Loss of a batch. With phi = dL/dF and D = dL/dS (each of the 9 components on its own), F_i = sum of g over the edges of
/// i minus sum over those that end on i, and S = sym(sum_e r_e (x) g_e)/V, the seed of edge e = (i -> j) in a frame of
/// volume V is  v_e = phi_i - phi_j + sym(D) r_e / V.  docs/theory/training.md derives it.
/// seeds may be null (validation). errors are added to.
[[nodiscard]] LossTerms evaluate_loss(const LossSettings& settings, const Batch& batch, const LabelCounts& counts,
                                      std::span<const double> energies, std::span<const Vec3> edge_gradient, LossSeeds* seeds,
                                      ErrorSums& errors);

}  // namespace alkali::training
