#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/dataset/frame_set.hpp"

namespace alkali::dataset {

/// error: training on it would be wrong. warning: look at it.
enum class Severity { error, warning };

/// One thing a check has found.
struct Finding {
    Severity severity;
    std::string check;  ///< unreadable, left-out, reader (its doubts), missing, not-finite, zero, duplicate, overlap, stress, ...
    std::string where;  ///< file and frame, or file
    std::string text;   ///< what is wrong and what to do
};

/// Limits of the checks. The defaults are meant for DFT labels of condensed matter.
struct CheckLimits {
    double overlap = 0.5;           ///< angstrom: atoms nearer than this are an error
    double close = 0.6;             ///< of the median shortest distance of the same pair of species: a warning
    double force_sum = 0.01;        ///< eV/angstrom per atom that the forces may add up to
    double large_force = 50.0;      ///< eV/angstrom
    double energy_deviation = 1.0;  ///< eV/atom from the fit on composition, and at least
    double energy_sigmas = 12.0;    ///< so many robust standard deviations
    double energy_zero = 1.0;       ///< eV/atom between the zeros of two sources
    double stress_factor = 2.0;     ///< the stress may be off by this factor from what the energies say
    /// Memory for frames that are compared with each other to check the stress; beyond it every second is left out.
    std::size_t stress_sample_bytes = std::size_t{32} << 20;
};

struct CheckOptions {
    io::ReadOptions read;
    CheckLimits limits;
};

struct CheckReport {
    std::vector<Finding> findings;  ///< of each kind at most most_of_a_kind, then one that counts the others
    LabelCounts counts;
    std::size_t errors = 0, warnings = 0;  ///< all, also those that are only counted
    [[nodiscard]] std::size_t count(Severity severity) const { return severity == Severity::error ? errors : warnings; }
};

/// So many findings of one kind are kept in memory.
constexpr std::size_t most_of_a_kind = 10'000;

/// Reads every frame that can be read and reports what is wrong with labels and structures. Of each frame a few hundred
/// bytes stay in memory, of some thousands (stress_sample_bytes) positions and forces too. Throws only where a file cannot be
/// opened at all.
[[nodiscard]] CheckReport check(std::span<const std::filesystem::path> paths, const CheckOptions& options,
                                base::ProgressSink* progress = nullptr);

/// What the labels of one frame lack or hold that they should not.
void check_labels(const Frame& frame, const io::FrameNotes& notes, std::vector<Finding>& findings);
/// Labels that are exactly zero where they cannot be.
void check_zero_labels(const Frame& frame, std::vector<Finding>& findings);
void check_forces(const Frame& frame, const CheckLimits& limits, std::vector<Finding>& findings);
/// Warns of files whose energies lie on another zero than those of the file with most frames, and of files that hold energies
/// of two zeros: another pseudopotential, code or reference. Cells, species and energies of the frames suffice for zeros
/// limits.energy_zero apart; where frames have forces, those of like composition, volume and size of the forces (the root mean
/// square of however many are given) tell zeros 0.1 eV/atom apart.
void check_energy_zeros(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings);
void check_energy_zeros(std::span<const Frame* const> frames, const CheckLimits& limits, std::vector<Finding>& findings);
/// Compares, for pairs of frames that a small strain and small displacements turn into each other, the difference of
/// their energies with the work of stress and forces (trapezoid rule): the slope tells sign and unit of the stress, and
/// that of what shear does alone whether its components are there, in their order and with their sign.
/// Where there are no such pairs, the same with medians over frames of like volume. No verdict where the labels do not
/// show it clearly.
void check_stress(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings);
/// The shear stress alone: zero throughout although the forces say that nothing makes it so, or contradicted by the energies.
void check_shear(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings);

}  // namespace alkali::dataset
