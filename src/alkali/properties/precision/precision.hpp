#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/properties/study.hpp"
#include "alkali/records/record.hpp"

/// What finite precision does to a potential: one and the same model evaluated in several precisions. Equations and
/// what to expect: docs/theory/precision.md.
namespace alkali::properties::precision {

/// The model in one precision.
struct Variant {
    std::string name;  ///< "float32", "mixed", "float64"
    calculator::Calculator* calculator = nullptr;
};

/// What each part needs: the variants, the last of which is the reference that geometries come from, and the crystal at rest
/// according to that reference.
struct Trial {
    std::span<const Variant> variants;
    structure::Structure crystal;  ///< conventional cell at the minimum of E(V)
    base::ProgressSink& progress;
    std::uint64_t seed = 1;

    [[nodiscard]] const Variant& reference() const { return variants.back(); }
};

/// A straight path through the configurations of a rattled, strained crystal.
struct PathOptions {
    std::size_t atoms = 54;
    int points = 201;
    double rattle = 0.05;  ///< angstrom, standard deviation of the start
    double reach = 0.02;   ///< angstrom, standard deviation of the displacement at either end; the strain is reach / a
    int degree = 10;       ///< of the polynomial that the energy is compared with
};
struct PathResult {
    std::size_t atoms = 0;
    double noise = 0;              ///< eV/atom, rms of the energy about its polynomial
    double energy_difference = 0;  ///< eV/atom, largest |E - E of the reference|
    double force_difference = 0;   ///< eV/angstrom, largest component of F - F of the reference
};
/// One result per variant. Errors: InputError for fewer points than the polynomial needs.
[[nodiscard]] std::vector<PathResult> energy_along_path(const Trial& trial, const PathOptions& options);

/// Formation energy of the same vacancy in cells of growing size.
struct VacancyOptions {
    std::vector<std::size_t> atoms = {53, 127, 249, 431, 685, 1023};  ///< the nearest cubic supercells less one atom
    bool relax = true;                                                ///< by the reference, once; else the perfect lattice
    double fmax = 1e-3;                                               ///< eV/angstrom, of that relaxation
    int motions = 64;                                                 ///< rigid motions that the bulk reference is averaged over
    int copies = 6;         ///< of everything, stretched by other amounts within `stretch`: their spread is the rounding
    double stretch = 1e-3;  ///< relative; far below what changes physics, far above a rounding
};
struct VacancyResult {
    std::size_t atoms = 0;
    double energy = 0;             ///< eV, with the averaged bulk reference
    double uncertainty = 0;        ///< eV, what the spread of the bulk energy over the motions leaves
    double difference = 0;         ///< eV, from the reference
    double single_difference = 0;  ///< eV, the same with the bulk as it stands, without averaging
    double rounding = 0;           ///< eV, standard deviation of `difference` over the copies; 0 for the reference itself
    double single_rounding = 0;    ///< eV, the same of single_difference

    /// eV, what is not known of `energy` and `difference`: the larger of the two estimates, which overlap.
    [[nodiscard]] double error() const { return std::max(uncertainty, rounding); }
};
/// (variants, sizes).
[[nodiscard]] std::vector<std::vector<VacancyResult>> vacancy_energies(const Trial& trial, const VacancyOptions& options);

/// Energy drift at constant energy.
struct NveOptions {
    std::size_t atoms = 432;
    double temperature = 300;  ///< K
    double time = 2;           ///< ps measured
    double settling = 0.5;     ///< ps before, run once by the reference
    double dt = 0;             ///< fs; 0: 1 fs for lithium, with the square root of the mass for others
};
struct NveResult {
    std::size_t atoms = 0;
    double dt = 0;              ///< fs
    double temperature = 0;     ///< K, mean while measured
    double drift = 0;           ///< eV/atom/ps
    double standard_error = 0;  ///< of it
    double fluctuation = 0;     ///< eV/atom
};
/// One per variant, all from the same start.
[[nodiscard]] std::vector<NveResult> energy_drift_of(const Trial& trial, const NveOptions& options);

/// All of it as records. Numbers that are differences from the reference exist for the other variants only.
struct Options {
    PathOptions path;
    VacancyOptions vacancy;
    NveOptions nve;
    bool with_path = true, with_vacancy = true, with_nve = true;
    double a0 = 0;  ///< angstrom; 0: at the minimum of E(V) of the reference
    std::uint64_t seed = 1;
};
/// `study`: the reference's, for the crystal at rest and the provenance; `variants`: the reference last.
/// Names: energy_noise_P, energy_difference_P, force_difference_P, vacancy_formation_energy_P_N, vacancy_difference_P_N,
/// vacancy_difference_single_P_N, nve_drift_P, nve_fluctuation_P with the variant P and the atoms N.
[[nodiscard]] records::Records measure(Study& study, std::span<const Variant> variants, const Options& options,
                                       base::ProgressSink& progress);

/// Conventional cells repeated to a block as near to a cube of `atoms` atoms as whole cells allow (at least one).
[[nodiscard]] structure::Structure block_of(const structure::Structure& cell, std::size_t atoms);

}  // namespace alkali::properties::precision
