#pragma once
#include <string>

#include "alkali/calculator/calculator.hpp"

namespace alkali::properties {

enum class LatticeSystem { cubic, hexagonal };

/// An elemental crystal by name: sc, bcc, fcc, diamond, hcp.
class Crystal {
public:
    /// Errors: InputError for an unknown name or symbol.
    Crystal(std::string name, std::string symbol);
    /// Conventional cell in the standard crystal axes (cubic edges along x, y, z; hexagonal a along x, c along z).
    [[nodiscard]] structure::Structure make(double a) const;
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& symbol() const { return symbol_; }
    [[nodiscard]] LatticeSystem system() const { return system_; }
    /// Distance of nearest neighbours at a = 1.
    [[nodiscard]] double neighbour_distance() const { return neighbour_distance_; }

private:
    std::string name_, symbol_;
    LatticeSystem system_;
    double neighbour_distance_;
};

/// Symbol of the element to study: `wanted`, or the only one the calculator knows.
/// Errors: InputError when it knows several, any, or not this one.
[[nodiscard]] std::string element_for(const calculator::Calculator& calculator, const std::string& wanted);

/// Lattice constant (angstrom) at which the crystal has the element's measured volume per atom; 0 where none is tabulated.
[[nodiscard]] double expected_lattice_constant(const Crystal& crystal);

/// Lattice constant near the minimum of the energy, to a few per cent: nearest neighbours are moved from 6 to 1 angstrom in
/// steps of 4 per cent. Potentials fitted to data may have further minima (ripples near the cutoff, holes at short
/// distance, anything where they extrapolate), so the minimum nearest to the element's measured volume is taken; without
/// one the widest-spaced that is at least 0.3 eV/atom deep, or the deepest if none is.
/// Distances that the calculator refuses count as infinitely high. Errors: ConvergenceError when there is no minimum at all.
[[nodiscard]] double scan_lattice_constant(calculator::Calculator& calculator, const Crystal& crystal);

}  // namespace alkali::properties
