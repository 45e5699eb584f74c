#pragma once
#include <string>

#include "alkali/calculator/calculator.hpp"

namespace alkali::calculator {

/// What every calculator asks of a result before it gives it away.
/// name: of the calculator. Errors: InputError naming it and the first of energy, forces, stress, per-atom energies and virials and
/// expected errors that is no finite number, with its atom.
void require_finite(const Result& result, const std::string& name);

}  // namespace alkali::calculator
