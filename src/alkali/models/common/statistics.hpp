#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::models {

/// What a new model takes from its training frames. Types are given by their chemical symbols, in the model's order.
/// Every function: InputError naming the frame and species when a frame holds a species that is no type.

/// Mean number of neighbours within r_max (angstrom) over all atoms of all frames (periodic images count).
/// InputError if no atom has a neighbour.
[[nodiscard]] double average_neighbours(std::span<const structure::Frame> frames, double r_max);

/// The same over the atoms of each type alone; the overall value for types without an atom that has a neighbour.
[[nodiscard]] std::vector<double> average_neighbours_per_type(std::span<const structure::Frame> frames,
                                                              std::span<const std::string> type_names, double r_max);

/// Root mean square of the force components over all frames that have forces, eV/angstrom; 0 if none has.
[[nodiscard]] double force_rms(std::span<const structure::Frame> frames);
/// The same for each type alone, but at least a tenth of the overall value; that itself for types without a labelled atom.
[[nodiscard]] std::vector<double> force_rms_per_type(std::span<const structure::Frame> frames, std::span<const std::string> type_names);

/// Scale of energies for such forces: their root mean square in eV, 1 where there are none or all vanish by symmetry.
[[nodiscard]] double energy_scale_of_forces(double force_rms);

/// Energy of an atom of each type (eV) by dataset::fit_shifts(): least squares of energy per atom against composition; the mean
/// energy per atom for one type, for types that no frame holds, and about it where compositions do not fix the values (the log
/// then says so, if given). InputError if no frame has an energy.
[[nodiscard]] std::vector<double> per_type_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names,
                                                         base::LogSink* log = nullptr);
/// The mean energy per atom for every type. InputError if no frame has an energy.
[[nodiscard]] std::vector<double> mean_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names);
/// Energies of the frames that hold one atom alone (`isolated`). InputError naming the type that has none.
[[nodiscard]] std::vector<double> isolated_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names);
/// Energies given by hand, {Li: -10.5} or by atomic number, {3: -10.5}. InputError naming a type without a value or a name that is no type.
[[nodiscard]] std::vector<double> given_energy_shifts(const std::map<std::string, double>& given, std::span<const std::string> type_names);

/// Energies of atoms as `per_type_energy_shifts` of a config says: auto (mace's word: average), mean, isolated, one number, or a
/// table. Errors: those of
/// the functions above, InputError for another word.
[[nodiscard]] std::vector<double> energy_shifts(const nlohmann::json& value, std::span<const structure::Frame> frames,
                                                const std::vector<std::string>& type_names, base::LogSink& log);

/// Model type of every atom of a structure; InputError naming atom and species (and `where`) when it is no type.
[[nodiscard]] std::vector<int> types_of(const structure::Structure& structure, std::span<const std::string> type_names,
                                        const std::string& where);

/// Says which types no frame holds: a model learns nothing of them.
void warn_of_unseen_types(std::span<const structure::Frame> frames, const std::vector<std::string>& type_names, base::LogSink& log);

}  // namespace alkali::models
