#include "alkali/training/doubts.hpp"

#include <fmt/format.h>

#include <optional>

#include "alkali/units/constants.hpp"
#include "alkali/units/prefixes.hpp"

namespace alkali::training {
namespace {

using units::milli;
constexpr double no_better = 0.8;            ///< of the labels' own size
constexpr double no_better_at_all = 0.9;     ///< of energies beside forces, which hold most of what is learned
constexpr double smallest_forces = 0.02;     ///< eV/angstrom: below it the labels are noise about zero
constexpr double smallest_energies = 0.002;  ///< eV/atom

std::string compared(const ResidualSums& train, const ResidualSums& validation, const std::string& name, double factor,
                     const std::string& unit) {
    if (train.count == 0 || validation.count == 0 || validation.rmse() <= far_above * train.rmse()) return {};
    return fmt::format("{} {:.3g} against {:.3g} {}", name, factor * validation.rmse(), factor * train.rmse(), unit);
}

std::string with_commas(std::initializer_list<std::string> parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() || part.empty() ? "" : ", ") + part;
    return text;
}

/// One constant makes up most of it.
bool is_offset(const ResidualSums& energy) { return energy.count > 2 && energy.rmse_shifted() < 0.5 * energy.rmse(); }

ResidualSums force_labels(std::span<const structure::Frame> frames) {
    ResidualSums labels;
    for (const auto& frame : frames)
        if (frame.labels.forces)
            for (const Vec3& force : *frame.labels.forces)
                for (int k = 0; k < 3; ++k) labels.add(force[k]);
    return labels;
}

/// Energies per atom about the first one, so that a large zero of energy costs no digits.
ResidualSums energy_labels(std::span<const structure::Frame> frames) {
    ResidualSums labels;
    std::optional<double> first;
    for (const auto& frame : frames) {
        if (!frame.labels.energy) continue;
        const double energy = *frame.labels.energy / static_cast<double>(frame.structure.size());
        labels.add(energy - first.value_or(energy));
        if (!first) first = energy;
    }
    return labels;
}

std::string hardly_learned_forces(const ResidualSums& errors, std::span<const structure::Frame> frames) {
    const auto labels = force_labels(frames);
    if (errors.count == 0 || labels.count == 0 || labels.rmse() < smallest_forces || errors.rmse() < no_better * labels.rmse()) return {};
    return fmt::format("force errors of {:.3g} meV/angstrom where the forces themselves are of {:.3g}", milli * errors.rmse(),
                       milli * labels.rmse());
}

std::string hardly_learned_energies(const ResidualSums& errors, std::span<const structure::Frame> frames, double share) {
    const auto labels = energy_labels(frames);
    const double spread = labels.rmse_shifted();
    if (errors.count == 0 || labels.count < 2 || spread < smallest_energies || errors.rmse() < share * spread) return {};
    const std::string offset = is_offset(errors) ? fmt::format(" (a constant offset of {:+.3g} makes up most of it: without it {:.3g})",
                                                               milli * errors.mean(), milli * errors.rmse_shifted())
                                                 : "";
    return fmt::format("energy errors of {:.3g} meV/atom where the energies themselves differ by {:.3g}", milli * errors.rmse(),
                       milli * spread) +
           offset;
}

}  // namespace

std::string far_above_training(const ErrorSums& train, const ErrorSums& validation, const LossSettings& loss) {
    const LossCoefficients begin = loss.start.value_or(loss);
    const bool energy = loss.total_energy > 0 || begin.total_energy > 0, forces = loss.forces > 0 || begin.forces > 0;
    const std::string energies = energy ? compared(train.energy, validation.energy, "energy", milli, "meV/atom") : "";
    const std::string all = with_commas(
        {energies, forces ? compared(train.forces, validation.forces, "forces", milli, "meV/angstrom") : "",
         loss.ever_uses_stress() ? compared(train.stress, validation.stress, "stress", units::gpa_per_ev_per_angstrom3, "GPa") : ""});
    if (all.empty()) return {};
    const std::string offset =
        !energies.empty() && is_offset(validation.energy)
            ? fmt::format(
                  "; without a constant offset the energy would be {:.3g} meV/atom off: the validation frames may have another "
                  "zero of energy, or compositions that training does not",
                  milli * validation.energy.rmse_shifted())
            : "";
    return all + offset;
}

std::string hardly_learned(const ErrorSums& errors, std::span<const structure::Frame> frames, const LossSettings& loss) {
    return with_commas(
        {loss.forces > 0 ? hardly_learned_forces(errors.forces, frames) : "",
         loss.total_energy > 0 ? hardly_learned_energies(errors.energy, frames, loss.forces > 0 ? no_better_at_all : no_better) : ""});
}

}  // namespace alkali::training
