#pragma once
#include <functional>
#include <span>
#include <vector>

#include "alkali/base/random.hpp"
#include "alkali/calculator/calculator.hpp"

/// Newton's equations at constant energy by velocity Verlet. Derivation and order: docs/theory/precision.md.
namespace alkali::dynamics {

/// Atoms in motion. Positions are not wrapped.
struct Motion {
    structure::Structure structure;
    std::vector<double> masses;    ///< (N) amu
    std::vector<Vec3> velocities;  ///< (N) angstrom/fs
};

/// Standard atomic weights. Errors: InputError naming an atom of unknown element.
[[nodiscard]] std::vector<double> atomic_masses(const structure::Structure& structure);

/// Maxwell-Boltzmann velocities (angstrom/fs) of total momentum zero, scaled so that the kinetic energy is exactly
/// (3N - 3)/2 k T (N > 1). Errors: InputError for fewer than two atoms, a mass that is not positive or a temperature (K) that is
/// negative or not finite.
[[nodiscard]] std::vector<Vec3> thermal_velocities(std::span<const double> masses, double temperature, base::Random& random);

[[nodiscard]] double kinetic_energy(const Motion& motion);  ///< eV
[[nodiscard]] Vec3 momentum(const Motion& motion);          ///< amu angstrom/fs

/// Energies at one instant.
struct EnergySample {
    double time = 0;       ///< fs since the start
    double potential = 0;  ///< eV, all atoms
    double kinetic = 0;    ///< eV, all atoms
    [[nodiscard]] double total() const { return potential + kinetic; }
};

/// The integrator. One step of dt moves velocities by half a step, positions by a step, velocities by half a step: symmetric
/// in time, symplectic, its error in the total energy bounded and of order dt^2.
class VelocityVerlet {
public:
    /// Computes the forces at the start. dt in fs, not zero; negative runs backwards.
    /// Errors: InputError for arrays of different lengths or an impossible dt; what the calculator throws.
    VelocityVerlet(calculator::Calculator& calculator, Motion start, double dt);
    void step();
    [[nodiscard]] const Motion& motion() const { return motion_; }
    [[nodiscard]] EnergySample energies() const;

private:
    void kick(double time);

    calculator::Calculator& calculator_;
    Motion motion_;
    double dt_;
    long steps_ = 0;
    calculator::Result result_;
};

struct NveOptions {
    double dt = 1;                            ///< fs
    long steps = 0;                           ///< of dt
    std::function<void(long done)> observer;  ///< called after each step, may be empty
};

struct NveRun {
    Motion end;
    std::vector<EnergySample> samples;  ///< (steps + 1), the start included
};
/// Runs at constant energy. Errors: as VelocityVerlet; ConvergenceError when the energy is no longer finite.
[[nodiscard]] NveRun run_nve(calculator::Calculator& calculator, Motion start, const NveOptions& options);

/// Slope of the total energy against time.
struct EnergyDrift {
    double value = 0;           ///< eV/atom/ps
    double standard_error = 0;  ///< of it, from the scatter of the means of ten equal spans of time about the line
    double fluctuation = 0;     ///< eV/atom, standard deviation of the total energy about the line
};
/// Least-squares line through all samples. Errors: InputError for fewer than 20 samples or equal times.
[[nodiscard]] EnergyDrift energy_drift(std::span<const EnergySample> samples, std::size_t atoms);

}  // namespace alkali::dynamics
