#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace alkali::report {

/// & < > " ' made safe for HTML and SVG, in text and in attributes; what is not UTF-8, or controls (base::printable()), as what stands
/// for it.
[[nodiscard]] std::string escape(std::string_view text);

/// As many whole letters from the front of a text as fit into `most` bytes.
[[nodiscard]] std::string first_letters(std::string_view text, std::size_t most);

/// A number for people: with an uncertainty as many digits as it allows, in the bracket form 3.490(3); without one
/// `significant` digits, trailing zeros kept. Very large and very small numbers in powers of ten.
[[nodiscard]] std::string format_number(double value, std::optional<double> uncertainty = {}, int significant = 4);

/// The same, but without an uncertainty the decimals that are usual for the unit (4 for angstrom, 2 for GPa, ...), or 3
/// significant digits where these would leave only one.
[[nodiscard]] std::string format_quantity(double value, std::optional<double> uncertainty, std::string_view unit);

/// format_quantity in ASCII, for a terminal.
[[nodiscard]] std::string format_plain(double value, std::optional<double> uncertainty, std::string_view unit);

/// A tick label: the shortest form that tells it from its neighbours a `step` away. largest: of the axis, so that all its labels
/// have one form, with or without a power of ten.
[[nodiscard]] std::string format_tick(double value, double step, double largest = 0);

/// Units as printed: "eV/angstrom^2" -> "eV/Å²", "1" -> "".
[[nodiscard]] std::string pretty_unit(std::string_view unit);

}  // namespace alkali::report
