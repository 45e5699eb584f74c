#pragma once
#include <memory>

#include "alkali/base/log.hpp"
#include "alkali/calculator/calculator.hpp"

namespace alkali::models::kim {

/// Units that the model is asked to work in; results are in eV and angstrom whatever it answers.
struct RequestedUnits {
    std::string length = "A";   ///< KIM name: A, Bohr, cm, m, nm
    std::string energy = "eV";  ///< KIM name: eV, Hartree, kcal_mol, amu_A2_per_ps2, J, erg
};

/// A portable model of the KIM-API 2 by its full name (SNAP_ZuoChenLi_2019_Li__MO_732106099012_000) or its short
/// identifier (MO_732106099012).
/// Errors: ExternalProgramError when the KIM-API is not installed or the model cannot be used; InputError for an unknown
/// model (nearest installed names), a simulator model or a model driver.
[[nodiscard]] std::unique_ptr<calculator::Calculator> open_kim(const std::string& model, base::LogSink& log,
                                                               const RequestedUnits& units = {});

}  // namespace alkali::models::kim
