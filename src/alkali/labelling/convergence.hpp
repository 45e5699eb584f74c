#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alkali/labelling/labeller.hpp"

/// How far the labels of some structures have converged with a numerical setting. Definitions: docs/theory/convergence.md.
namespace alkali::labelling {

/// A structure at its own volume and at two near ones, the k-mesh held: a test of P = -dE/dV.
struct PressureTest {
    std::size_t below = 0, at = 0, above = 0;  ///< which structures: V(1 - d), V, V(1 + d)
};

/// The labels of all structures with one value of a setting.
struct ConvergencePoint {
    double value = 0;  ///< of the setting
    std::vector<Label> labels;
};

/// How far from the last (densest) point.
struct ConvergenceFigures {
    double value = 0;
    double energy = 0;           ///< eV/atom, RMS over structures of E/N
    double relative_energy = 0;  ///< eV/atom, RMS of E/N with the mean difference removed: what energy differences feel
    double force = 0;            ///< eV/angstrom, RMS over components
    double stress = 0;           ///< eV/angstrom^3, RMS over components
    double pressure = 0;         ///< eV/angstrom^3, largest |P + dE/dV| over the pressure tests, of this point alone
    double seconds = 0;          ///< of all its labels
};

/// Errors one accepts.
struct ConvergenceTolerance {
    double relative_energy = 1e-3;  ///< eV/atom
    double force = 5e-3;            ///< eV/angstrom
    double stress = 3e-4;           ///< eV/angstrom^3 (0.05 GPa)
    double pressure = 3e-4;         ///< eV/angstrom^3
};

/// One setting varied, all others as the config has them.
struct ConvergenceSeries {
    std::string parameter, unit;
    std::vector<ConvergenceFigures> figures;  ///< in the order of the points, the densest last
    /// Index of the first point from which on all figures are within the tolerance; none where not even the last but one is.
    std::optional<std::size_t> recommended;
};

/// Errors: InputError for fewer than two points or points of different structures.
[[nodiscard]] ConvergenceSeries convergence_series(const std::string& parameter, const std::string& unit,
                                                   std::span<const ConvergencePoint> points,
                                                   std::span<const structure::Structure> structures, std::span<const PressureTest> tests,
                                                   const ConvergenceTolerance& tolerance);

/// The value of the record `convergence`, which the report reads: {"units", "tolerance", "series": [...]}, in meV/atom, meV/angstrom,
/// GPa.
[[nodiscard]] nlohmann::json to_json(std::span<const ConvergenceSeries> series, const ConvergenceTolerance& tolerance);

}  // namespace alkali::labelling
