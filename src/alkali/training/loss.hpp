#pragma once
#include <optional>
#include <span>
#include <vector>

#include "alkali/training/batch.hpp"
#include "alkali/training/errors.hpp"

namespace alkali::training {

/// Weights of the terms of a loss.
struct LossCoefficients {
    double total_energy = 1, forces = 1, stress = 0, shear = 0;
    [[nodiscard]] bool uses_stress() const { return stress > 0 || shear > 0; }
};

/// The base holds the coefficients at the end of a training. With LossSettings{} they stay the same from the beginning.
struct LossSettings : LossCoefficients {
    enum class Form { mse, huber };
    /// What is averaged over frames. per_atom: ((E - E*)/N)^2 (eV^2) and (S - S*)^2 ((eV/angstrom^3)^2).
    /// deepmd: (E - E*)^2/N and (W - W*)^2/N with the virial W = -S V (eV^2); deepmd_intensive: both with N^2 instead of N.
    enum class Extent { per_atom, deepmd, deepmd_intensive };
    Form form = Form::mse;
    Extent extent = Extent::per_atom;
    double huber_delta = 0.01;  ///< residuals beyond it (in each term's own unit) count linearly
    /// Coefficients at the full learning rate, if others: those in between follow the learning rate.
    std::optional<LossCoefficients> start;

    /// c = c_end (1 - x) + c_start x, x = learning rate over the full one.
    [[nodiscard]] LossCoefficients at(double share_of_lr) const;
    /// Whether stress labels are used at any time.
    [[nodiscard]] bool ever_uses_stress() const { return uses_stress() || (start && start->uses_stress()); }
};

/// How many labels the means of a step run over: those of the whole step, wherever its frames are computed.
struct LabelCounts {
    double energies = 0, force_components = 0, stresses = 0;
    void add(const structure::Frame& frame);
};

/// The terms of the loss, weighted with the coefficients at the end of the training: comparable from epoch to epoch.
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
/// seeds may be null (validation); they are those of the loss with settings.at(share_of_lr). errors are added to.
[[nodiscard]] LossTerms evaluate_loss(const LossSettings& settings, const Batch& batch, const LabelCounts& counts,
                                      std::span<const double> energies, std::span<const Vec3> edge_gradient, LossSeeds* seeds,
                                      ErrorSums& errors, double share_of_lr = 0);

}  // namespace alkali::training
