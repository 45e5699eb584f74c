#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alkali/structure/frame.hpp"

// What header keys and columns are called: programs and people write energy, REF_energy, DFT_Energy, qm_force, virials, ...
namespace alkali::io {

enum class Quantity { energy, forces, stress, virial };
[[nodiscard]] std::string_view to_string(Quantity quantity);

/// A name taken apart: "REF_free_energy" is a free energy with the prefix "ref".
struct LabelName {
    Quantity quantity;
    std::string prefix;  ///< lower case; empty: none
    bool free_energy = false;
};

/// The label that a name stands for, in any letter case, singular or plural, with any prefix (or one of the usual ones
/// behind it, as in energy_dft). Nothing for other energies and forces (kinetic_energy, formation_energy, max_force, ...).
[[nodiscard]] std::optional<LabelName> label_name(std::string_view name);
/// Whether the prefix is none or one that programs put before labels (ref, dft, ...): smaller is more usual, others come last.
[[nodiscard]] int rank_of(const std::string& prefix);
constexpr int unusual_rank = 100;

/// A key that gives the unit of a label or of lengths: energy-unit, force_units, REF_stress-unit, unit, units.
struct UnitName {
    enum class Of { everything, length, label, pressure };
    Of of;
    Quantity quantity{};  ///< where it is of a label
};
[[nodiscard]] std::optional<UnitName> unit_name(std::string_view name);

/// A key that gives a weight: weight, config_weight, energy_weight, config_forces_weight, dft_energy_weight, energy_loss_weight,
/// w_energy, fweight, ...
struct WeightName {
    std::optional<Quantity> quantity;  ///< nothing: of the whole frame
};
[[nodiscard]] std::optional<WeightName> weight_name(std::string_view name);

/// True for a pair that gives a weight; weights="1 2 3" is something else, and W_energy=-13 may be that of tungsten.
[[nodiscard]] bool is_weight(const std::pair<std::string, std::string>& pair);

/// True for what other programs weigh or mask labels by and alkali does not: energy_sigma, force_mask, any other name with weight in
/// it but those of masses (molecular_weight). Of a column also forces_weight.
enum class Where { header, column };
[[nodiscard]] bool is_unheeded(std::string_view name, Where where);
/// What a pair says of the electrons: converged=F, electronic_convergence=false, unconverged=T, converged="[False]" failed;
/// converged=None is unclear. Nothing of steps of relaxations and of limits (convergence_threshold).
enum class Convergence { unsaid, reached, failed, unclear };
[[nodiscard]] Convergence convergence_of(const std::pair<std::string, std::string>& pair);
[[nodiscard]] bool says_unconverged(const std::pair<std::string, std::string>& pair);

/// In which direction a stress is positive, from a key such as stress_sign=compression; nothing for other keys.
enum class StressSign { tension, compression, unclear };
[[nodiscard]] std::optional<StressSign> stress_sign_of(const std::pair<std::string, std::string>& pair);

/// The name under which something is kept that sounds like a label, unit or weight and was not taken as one: "untaken_energy".
/// Such names stand for nothing in all of the functions above.
[[nodiscard]] std::string untaken_name(std::string_view name);
/// The name without that; as it is if there is none.
[[nodiscard]] std::string_view name_in_file(std::string_view name);

[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);

/// Names of header keys and columns that may have been meant for a label the frame lacks: they sound like it and hold numbers
/// of its shape. Nearest first.
[[nodiscard]] std::vector<std::string> likely_names(const structure::Frame& frame, Quantity quantity);
/// True if the name, or what it was in the file, stands for a label of this quantity; that of a virial for a stress too.
[[nodiscard]] bool is_name_of(std::string_view name, Quantity quantity);
/// Removes the labels and all that header and columns say of them or of labels before: further results, expected errors and deviations,
/// weights, units, what made them, whether anything converged. Before labels of another origin come in. What a frame asks for (k_mesh)
/// stays, and so do labels with a prefix (REF_energy).
void forget_labels(structure::Frame& frame);

}  // namespace alkali::io
