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
    LossOfBatch(const LossSettings& settings, const LossCoefficients& now, const Batch& batch, const LabelCounts& counts)
        : end_(settings),
          now_(now),
          extent_(settings.extent),
          batch_(batch),
          counts_(counts),
          penalty_{settings.form, settings.huber_delta},
          force_slope_(batch.atoms(), Vec3::Zero()),
          stress_slope_(batch.items().size(), Mat3::Zero()),
          energy_slope_(batch.items().size(), 0.0) {}

    void energy(std::size_t f, double predicted, LossTerms& terms) {
        const auto& frame = *batch_.items()[f].frame;
        if (!frame.labels.energy) return;
        const auto atoms = static_cast<double>(frame.structure.size());
        const double residual = (predicted - *frame.labels.energy) / atoms, mean = (extent_ == LossSettings::Extent::deepmd ? atoms : 1.0) *
                                                                                   frame.weight * frame.weights.energy / counts_.energies;
        terms.energy += end_.total_energy * mean * penalty_.value(residual);
        energy_slope_[f] = now_.total_energy * mean * penalty_.slope(residual) / atoms;
    }

    void forces(std::size_t f, std::span<const Vec3> predicted, LossTerms& terms) {
        const auto& item = batch_.items()[f];
        if (!item.frame->labels.forces) return;
        const double mean = item.frame->weight * item.frame->weights.forces / counts_.force_components;
        for (std::size_t i = 0; i < item.atoms; ++i)
            for (int k = 0; k < 3; ++k) {
                const double residual = predicted[i][k] - (*item.frame->labels.forces)[i][k];
                terms.forces += end_.forces * mean * penalty_.value(residual);
                force_slope_[item.first_atom + i][k] = now_.forces * mean * penalty_.slope(residual);
            }
    }

    void stress(std::size_t f, const Mat3& predicted, LossTerms& terms) {
        const auto& frame = *batch_.items()[f].frame;
        if (!has_stress(frame)) return;
        const double mean = of_stress(batch_.items()[f]) * frame.weight * frame.weights.stress / counts_.stresses;
        for (int a = 0; a < 3; ++a)
            for (int b = 0; b < 3; ++b) {
                const double residual = predicted(a, b) - (*frame.labels.stress)(a, b), value = penalty_.value(residual);
                terms.stress += end_.stress * mean / 9 * value;
                if (a != b) terms.shear += end_.shear * mean / 6 * value;
                stress_slope_[f](a, b) = (now_.stress / 9 + (a != b ? now_.shear / 6 : 0)) * mean * penalty_.slope(residual);
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
    /// What makes a squared stress residual the quantity that is averaged.
    [[nodiscard]] double of_stress(const Batch::Item& item) const {
        const auto atoms = static_cast<double>(item.atoms);
        switch (extent_) {
            case LossSettings::Extent::per_atom: return 1;
            case LossSettings::Extent::deepmd: return item.volume * item.volume / atoms;
            case LossSettings::Extent::deepmd_intensive: return item.volume * item.volume / (atoms * atoms);
        }
        return 1;
    }

    LossCoefficients end_, now_;
    LossSettings::Extent extent_;
    const Batch& batch_;
    const LabelCounts& counts_;
    Penalty penalty_;
    std::vector<Vec3> force_slope_;
    std::vector<Mat3> stress_slope_;
    std::vector<double> energy_slope_;
};

}  // namespace

LossCoefficients LossSettings::at(double share_of_lr) const {
    if (!start) return *this;
    const auto between = [&](double first, double last) { return last * (1 - share_of_lr) + first * share_of_lr; };
    return {between(start->total_energy, total_energy), between(start->forces, forces), between(start->stress, stress),
            between(start->shear, shear)};
}

void LabelCounts::add(const structure::Frame& frame) {
    if (frame.labels.energy) energies += 1;
    if (frame.labels.forces) force_components += 3 * static_cast<double>(frame.structure.size());
    if (has_stress(frame)) stresses += 1;
}

LossTerms evaluate_loss(const LossSettings& settings, const Batch& batch, const LabelCounts& counts, std::span<const double> energies,
                        std::span<const Vec3> edge_gradient, LossSeeds* seeds, ErrorSums& errors, double share_of_lr) {
    BatchForces predicted;
    assemble(batch, edge_gradient, predicted);
    LossOfBatch loss(settings, settings.at(share_of_lr), batch, counts);
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
