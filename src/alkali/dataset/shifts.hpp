#pragma once
#include <map>
#include <span>
#include <vector>

#include "alkali/dataset/frame_set.hpp"

namespace alkali::dataset {

/// Numbers of atoms by atomic number, in lowest terms: the same for cells of any size.
using Composition = std::map<int, int>;
[[nodiscard]] Composition composition_of(const structure::Structure& atoms);

/// Energies of atoms by atomic number, eV.
using AtomEnergies = std::map<int, double>;

/// Energies per atom of each species that explain a set's energies best.
struct Shifts {
    AtomEnergies energies;   ///< eV/atom
    double mean = 0;         ///< energy per atom, mean over the frames, eV/atom
    double residual = 0;     ///< root mean square of what is left, eV/atom
    std::size_t frames = 0;  ///< with an energy
    double scatter = 0;      ///< residual if every combination that the compositions tell were taken from the data, eV/atom
    bool told_apart = true;  ///< false: what the compositions leave open was taken from the prior
    bool accurate = true;    ///< false: so was what the energies, by their scatter, tell too inaccurately
};

/// Least squares of the energies per atom on the fractions of the species, every frame with the same weight. Combinations of
/// species that the compositions do not tell apart keep their values of `prior`, up to what the energies per atom differ by on
/// average: that belongs to the species without a prior, or to all alike. Of the others each lies between that and what the data
/// say, as their error (the scatter within and between compositions) is to the 30 eV that atoms' energies lie apart by in most
/// codes; values of more than four errors are the data's, however large. Frames without a finite energy are left out; with none at
/// all the result is empty.
[[nodiscard]] Shifts fit_shifts(std::span<const Frame> frames, const AtomEnergies& prior = {});
[[nodiscard]] Shifts fit_shifts(std::span<const Frame* const> frames, const AtomEnergies& prior = {});
/// One fit for each source of the set.
[[nodiscard]] std::vector<Shifts> fit_shifts_per_source(const FrameSet& set);

/// The same of errors: labels less energies of something that knows the structures, so that noise alone is left beside a change of
/// the atoms' energies. A combination changes by more than four errors or not at all; `known` as the prior.
[[nodiscard]] Shifts fit_change(std::span<const Frame> errors, const AtomEnergies& known);

/// By how much the energies of `other` lie above those of `base`, eV per atom of each species that both hold: the smallest
/// change of the atoms' energies that leads from one to the other, by the means of each composition that both hold; species that the
/// compositions do not tell apart share it evenly. Empty where one of them has no energies.
[[nodiscard]] AtomEnergies zero_difference(std::span<const Frame* const> base, std::span<const Frame* const> other);

/// Moves the energies of every source to the zero of source 0: subtracts zero_difference(). Only right when the sources
/// hold the same kind of structures; returns what was subtracted.
std::vector<AtomEnergies> align_sources(FrameSet& set);

}  // namespace alkali::dataset
