#include "alkali/training/loss.hpp"

#include <cmath>
#include <numeric>

namespace alkali::training {
namespace {

/// The penalty of one residual and its derivative. Huber's is scaled so that it is the square for small residuals.
struct Penalty {
    LossSettings::Form form;
    double delta;
    [[nodiscard]] bool is_square(double x) const { return form == LossSettings::Form::mse || std::abs(x) <= delta; }
    [[nodiscard]] double value(double x) const { return is_square(x) ? x * x : delta * (2 * std::abs(x) - delta); }
    [[nodiscard]] double slope(double x) const { return is_square(x) ? 2 * x : std::copysign(2 * delta, x); }
};

/// What one batch needs for its loss, and the derivatives it gives.
class LossOfBatch {
public:
    LossOfBatch(const LossSettings& settings, const Batch& batch, const LabelCounts& counts)
        : settings_(settings),
          batch_(batch),
          counts_(counts),
          penalty_{settings.form, settings.huber_delta},
          force_slope_(batch.atoms(), Vec3::Zero()),
          stress_slope_(batch.items().size(), Mat3::Zero()),
          energy_slope_(batch.items().size(), 0.0) {}

    void energy(std::size_t f, double predicted, LossTerms& terms) {
        const auto& frame = *batch_.items()[f].frame;
        if (!frame.labels.energy || settings_.total_energy == 0) return;
        const auto atoms = static_cast<double>(frame.structure.size());
        const double residual = (predicted - *frame.labels.energy) / atoms,
                     weight = settings_.total_energy * frame.weight / counts_.energies;
        terms.energy += weight * penalty_.value(residual);
        energy_slope_[f] = weight * penalty_.slope(residual) / atoms;
    }

    void forces(std::size_t f, std::span<const Vec3> predicted, LossTerms& terms) {
        const auto& item = batch_.items()[f];
        if (!item.frame->labels.forces || settings_.forces == 0) return;
        const double weight = settings_.forces * item.frame->weight / counts_.force_components;
        for (std::size_t i = 0; i < item.atoms; ++i)
            for (int k = 0; k < 3; ++k) {
                const double residual = predicted[i][k] - (*item.frame->labels.forces)[i][k];
                terms.forces += weight * penalty_.value(residual);
                force_slope_[item.first_atom + i][k] = weight * penalty_.slope(residual);
            }
    }

    void stress(std::size_t f, const Mat3& predicted, LossTerms& terms) {
        const auto& frame = *batch_.items()[f].frame;
        if (!has_stress(frame) || !settings_.uses_stress()) return;
        const double all = settings_.stress * frame.weight / (9 * counts_.stresses),
                     shear = settings_.shear * frame.weight / (6 * counts_.stresses);
        for (int a = 0; a < 3; ++a)
            for (int b = 0; b < 3; ++b) {
                const double residual = predicted(a, b) - (*frame.labels.stress)(a, b), value = penalty_.value(residual);
                terms.stress += all * value;
                if (a != b) terms.shear += shear * value;
                stress_slope_[f](a, b) = (all + (a != b ? shear : 0)) * penalty_.slope(residual);
            }
    }

    void seeds(LossSeeds& out) const {
        const auto graph = batch_.graph();
        out.energies.resize(batch_.atoms());
        out.edges.resize(batch_.edges());
        const auto& items = batch_.items();
#pragma omp parallel for schedule(dynamic)
        for (std::size_t f = 0; f < items.size(); ++f) {
            const auto& item = items[f];
            const Mat3 strain =
                item.volume > 0 ? Mat3(0.5 * (stress_slope_[f] + stress_slope_[f].transpose()) / item.volume) : Mat3(Mat3::Zero());
            for (std::size_t i = item.first_atom; i < item.first_atom + item.atoms; ++i) {
                out.energies[i] = energy_slope_[f];
                for (auto e = static_cast<std::size_t>(graph.first[i]); e < static_cast<std::size_t>(graph.first[i + 1]); ++e)
                    out.edges[e] = force_slope_[i] - force_slope_[static_cast<std::size_t>(graph.neighbour[e])] + strain * graph.vector[e];
            }
        }
    }

private:
    const LossSettings& settings_;
    const Batch& batch_;
    const LabelCounts& counts_;
    Penalty penalty_;
    std::vector<Vec3> force_slope_;
    std::vector<Mat3> stress_slope_;
    std::vector<double> energy_slope_;
};

}  // namespace

void LabelCounts::add(const structure::Frame& frame) {
    if (frame.labels.energy) energies += 1;
    if (frame.labels.forces) force_components += 3 * static_cast<double>(frame.structure.size());
    if (has_stress(frame)) stresses += 1;
}

LossTerms evaluate_loss(const LossSettings& settings, const Batch& batch, const LabelCounts& counts, std::span<const double> energies,
                        std::span<const Vec3> edge_gradient, LossSeeds* seeds, ErrorSums& errors) {
    BatchForces predicted;
    assemble(batch, edge_gradient, predicted);
    LossOfBatch loss(settings, batch, counts);
    LossTerms terms;
    for (std::size_t f = 0; f < batch.items().size(); ++f) {
        const auto& item = batch.items()[f];
        const auto own = energies.subspan(item.first_atom, item.atoms);
        const double energy = std::accumulate(own.begin(), own.end(), 0.0);
        const std::span<const Vec3> forces(predicted.forces.data() + item.first_atom, item.atoms);
        loss.energy(f, energy, terms);
        loss.forces(f, forces, terms);
        loss.stress(f, predicted.stress[f], terms);
        add_errors(*item.frame, {energy, forces, predicted.stress[f]}, errors);
    }
    if (seeds != nullptr) loss.seeds(*seeds);
    return terms;
}

}  // namespace alkali::training
