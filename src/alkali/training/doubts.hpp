#pragma once
#include <span>
#include <string>

#include "alkali/structure/frame.hpp"
#include "alkali/training/errors.hpp"
#include "alkali/training/loss.hpp"

namespace alkali::training {

/// Validation errors beyond so many times those of the training are told.
constexpr double far_above = 1.8;

/// What of a model's validation errors lies far above the errors of its training, among the quantities that the loss weighs:
/// "energy 308 against 2.3 meV/atom, ..." with the likely reason; empty if nothing does.
[[nodiscard]] std::string far_above_training(const ErrorSums& train, const ErrorSums& validation, const LossSettings& loss);

/// Says so where a model's forces or energies, whichever the loss weighs, are hardly better than none at all: errors about as
/// large as the labels of these frames, of energies as what these differ by; a constant offset is named. Else empty.
[[nodiscard]] std::string hardly_learned(const ErrorSums& errors, std::span<const structure::Frame> frames, const LossSettings& loss);

}  // namespace alkali::training
