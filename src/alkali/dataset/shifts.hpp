#pragma once
#include <map>
#include <span>
#include <vector>

#include "alkali/dataset/frame_set.hpp"

namespace alkali::dataset {

/// Energies per atom of each species that explain a set's energies best.
struct Shifts {
    std::map<int, double> energies;  ///< by atomic number, eV/atom
    double residual = 0;             ///< root mean square of what is left, eV/atom
    std::size_t frames = 0;          ///< with an energy
};

/// Least squares of the energies per atom on the composition; where compositions do not tell the species apart, the
/// solution of smallest norm. Frames without energy are left out; with none at all the result is empty.
[[nodiscard]] Shifts fit_shifts(std::span<const Frame> frames);
/// One fit for each source of the set.
[[nodiscard]] std::vector<Shifts> fit_shifts_per_source(const FrameSet& set);
/// Moves the energies of every source to the zero of source 0: subtracts the difference of their shifts (eV per atom
/// of each species). Only right when the sources hold the same kind of structures; returns what was subtracted.
std::vector<std::map<int, double>> align_sources(FrameSet& set);

}  // namespace alkali::dataset
