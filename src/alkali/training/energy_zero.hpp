#pragma once
#include <span>
#include <string>

#include "alkali/base/log.hpp"
#include "alkali/models/common/registry.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::training {

/// What becomes of the energies of atoms that a model to start from brings along: fitted anew where the data have another zero
/// of energy, kept, or fitted anew in any case.
enum class EnergyShifts { automatic, keep, fit };

/// The array of energies by type that a kind of model adds to those of atoms; nullptr if it has none.
[[nodiscard]] const models::ParameterInfo* energy_shift_parameters(const models::TrainableModel& model, const models::ModelKind& kind);

/// Moves a trained model to the zero of energy of the frames: fits what the labels differ by from its energies, per atom of
/// each type, and adds it to the model's energies of atoms; its forces stay as they are. Types that no frame holds and what
/// the compositions do not tell apart change as little as possible. Says in the log what was done, and warns of types that no
/// frame holds.
/// Errors: InputError naming a frame that the model cannot evaluate.
void move_energy_zero(models::TrainableModel& model, const models::ModelKind& kind, std::span<const structure::Frame> frames,
                      EnergyShifts choice, base::LogSink& log);

/// Warns of training and validation frames whose labels are doubtful in a way that no model can mend, as `alkali data check`
/// does: energies of several zeros, labels that are exactly zero, stress that the energies contradict. Names files and frames.
void warn_of_doubtful_labels(std::span<const structure::Frame> train, std::span<const structure::Frame> validation, base::LogSink& log);

}  // namespace alkali::training
