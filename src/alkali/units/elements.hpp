#pragma once
#include <string>
#include <string_view>

namespace alkali::units {

inline constexpr int max_atomic_number = 118;

/// Chemical symbol of an atomic number 1..118, "X" for 0; InputError otherwise.
[[nodiscard]] std::string_view symbol(int atomic_number);
/// Atomic number of a chemical symbol ("Li" -> 3, "X" -> 0); InputError naming the symbol otherwise.
[[nodiscard]] int atomic_number(std::string_view symbol);
/// True if it is the symbol of an element (or "X").
[[nodiscard]] bool is_symbol(std::string_view symbol);
/// Conventional standard atomic weight in amu (IUPAC 2021 abridged; the longest-lived isotope's mass number where
/// there is none). Lithium: 6.94.
[[nodiscard]] double atomic_mass(int atomic_number);

/// Measured volume per atom of the element's crystal in angstrom^3, a few per cent; 0 where none is tabulated. For guesses
/// to start from only.
[[nodiscard]] double atomic_volume(int atomic_number);

}  // namespace alkali::units
