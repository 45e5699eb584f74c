#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/profile.hpp"
#include "alkali/structure/structure.hpp"

namespace alkali::calculator {

/// What to compute besides energy, forces and stress.
struct Request {
    bool per_atom = false;  ///< per-atom energies and virials
    /// Receives time and operations of each part from calculators that can tell (models/contract/parts.hpp).
    base::Profile* profile = nullptr;
    bool uncertainty = false;  ///< expected errors, where they cost something (a committee has them anyway)
};

/// Standard deviations that a calculator expects of its own errors (docs/theory/uncertainty.md).
struct Uncertainty {
    std::optional<double> energy;  ///< eV, whole structure
    std::vector<Vec3> forces;      ///< (N) eV/angstrom, per component
    std::optional<Mat3> stress;    ///< eV/angstrom^3, per component; zero unless the cell has a volume
    std::vector<double> energies;  ///< (N) eV, if per-atom values were asked for and are known
};

struct Result {
    double energy = 0;                            ///< eV
    std::vector<Vec3> forces;                     ///< (N) eV/angstrom
    Mat3 stress = Mat3::Zero();                   ///< eV/angstrom^3, positive in tension, symmetric; zero unless the cell has a volume
    std::vector<double> energies;                 ///< (N) eV, if asked for and known to the calculator
    std::vector<Mat3> virials;                    ///< (N) eV, sum = -stress x volume, if asked for and known to the calculator
    std::optional<Uncertainty> uncertainty = {};  ///< from committees, and from models that carry one and were asked
};

/// The one interface everything above asks: potentials, KIM models, committees, DFT codes.
/// compute() may reuse what the last call left (neighbour lists, wavefunctions), so it is not const and one object
/// serves one thread at a time.
class Calculator {
public:
    virtual ~Calculator() = default;
    /// Errors: InputError for an unknown species (named), overlapping or non-finite positions; others by kind.
    [[nodiscard]] virtual Result compute(const structure::Structure& structure, const Request& request) = 0;
    [[nodiscard]] Result compute(const structure::Structure& structure) { return compute(structure, Request{}); }
    /// What a person calls it: the model's file name, "kim:...", "qe:...".
    [[nodiscard]] virtual std::string name() const = 0;
    /// Atomic numbers it knows; empty: any.
    [[nodiscard]] virtual std::vector<int> species() const = 0;
    /// Reach of the interaction of one atom in angstrom (0: unknown or not local).
    [[nodiscard]] virtual double cutoff() const = 0;
    /// Holds whatever is sampled by the cell (k-mesh, FFT grid) as it is for `reference` until called again, so that
    /// energies along a strain or volume series differ by physics only. Potentials have nothing to hold.
    virtual void fix_sampling(const structure::Structure& reference) { static_cast<void>(reference); }
    /// Rough seconds per atom of one compute() on one core, for planning and for choosing step sizes.
    [[nodiscard]] virtual double cost_hint() const { return 1e-4; }
    /// True where numbers carry the noise of a self-consistent calculation: finite differences take larger steps then.
    [[nodiscard]] virtual bool noisy() const { return false; }
    /// Members of a committee (properties are computed on each for an uncertainty); empty for a single model.
    [[nodiscard]] virtual std::vector<Calculator*> members() { return {}; }
    /// Provenance: versions, hashes, settings as key-value pairs.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> provenance() const { return {}; }
};

}  // namespace alkali::calculator
