#pragma once
#include <string_view>

#include "alkali/base/random.hpp"
#include "alkali/structure/structure.hpp"

namespace alkali::structure {

/// Which cell of a crystal: the usual cubic one, or the smallest.
enum class CellKind { conventional, primitive };

// Elemental crystals, fully periodic; lattice constants in angstrom. Errors: InputError for an unknown symbol or a
// lattice constant that is not positive. Primitive vectors: bcc (-1 1 1)/2 ..., fcc and diamond (0 1 1)/2 ..., as ASE.

/// Simple cubic, 1 atom.
[[nodiscard]] Structure simple_cubic(std::string_view symbol, double a);
/// Body-centred cubic, 2 atoms or 1.
[[nodiscard]] Structure bcc(std::string_view symbol, double a, CellKind kind = CellKind::conventional);
/// Face-centred cubic, 4 atoms or 1.
[[nodiscard]] Structure fcc(std::string_view symbol, double a, CellKind kind = CellKind::conventional);
/// Diamond, 8 atoms or 2.
[[nodiscard]] Structure diamond(std::string_view symbol, double a, CellKind kind = CellKind::conventional);
/// Hexagonal close-packed, 2 atoms; c <= 0 means the ideal a sqrt(8/3).
[[nodiscard]] Structure hcp(std::string_view symbol, double a, double c = 0);
/// By name: sc, bcc, fcc, diamond, hcp. InputError naming the nearest for another name.
[[nodiscard]] Structure crystal(std::string_view name, std::string_view symbol, double a, CellKind kind = CellKind::conventional);
/// Two atoms `distance` angstrom apart in the open.
[[nodiscard]] Structure dimer(std::string_view first, std::string_view second, double distance);

/// Without atom `index`; InputError if there is no such atom.
[[nodiscard]] Structure without_atom(const Structure& structure, std::size_t index);
/// Each coordinate moved by a Gaussian of `sigma` angstrom.
[[nodiscard]] Structure rattled(const Structure& structure, double sigma, base::Random& random);
/// Same fractional coordinates in another cell.
[[nodiscard]] Structure with_cell(const Structure& structure, const Cell& cell);
/// Isotropically scaled to `volume` angstrom^3; InputError if the cell has none.
[[nodiscard]] Structure with_volume(const Structure& structure, double volume);
/// Distinct atomic numbers, ascending.
[[nodiscard]] std::vector<int> species_of(const Structure& structure);
/// Formula in ascending atomic number with counts, such as "Li54" or "Li2O".
[[nodiscard]] std::string formula(const Structure& structure);

}  // namespace alkali::structure
