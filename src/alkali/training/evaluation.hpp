#pragma once
#include <span>

#include "alkali/base/log.hpp"
#include "alkali/calculator/calculator.hpp"
#include "alkali/records/record.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::training {

struct EvaluationSettings {
    /// Points of each parity plot that are kept: the largest errors and an even choice of the others. 0: no parity data.
    std::size_t parity_points = 20000;
    /// A committee whose deviations of forces the calculator's expected errors are compared with: force_std_committee_correlation.
    calculator::Calculator* committee = nullptr;
};

/// Errors of a calculator on labelled frames as records: energy_rmse, energy_mae, energy_rmse_shifted, energy_mean_error (meV/atom),
/// force_rmse, force_mae (meV/angstrom), stress_rmse, stress_mae (GPa), each also with _GROUP for every group of frames
/// (their info `group` or `config_type`), and `parity` with reference and predicted values by frame.
/// A calculator that gives uncertainties (a committee): also those of Reliability::put for energy, force and stress, and
/// `reliability`, their tables. Errors of energies are taken about their mean there where the labels have another zero of energy.
/// Frames without a label are left out of its figures; their number stands in the record's settings.
/// Errors: InputError naming the frame, or when no frame has any label.
[[nodiscard]] records::Records evaluate(calculator::Calculator& calculator, std::span<const structure::Frame> frames,
                                        const EvaluationSettings& settings, base::ProgressSink& progress);

}  // namespace alkali::training
