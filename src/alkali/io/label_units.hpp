#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/text.hpp"

namespace alkali::io {

/// What a number in the unit is multiplied with to be in eV, angstrom, eV/angstrom or eV/angstrom^3. Units are products and
/// quotients such as Hartree/Bohr, eV/Ang^3, kcal/mol, in any letter case; "a.u." is that of the quantity.
/// Nothing for a unit that is unknown or of another dimension.
[[nodiscard]] std::optional<double> unit_factor(std::string_view unit, Quantity quantity);
[[nodiscard]] std::optional<double> length_factor(std::string_view unit);

/// The units that a header gives for its labels.
class HeaderUnits {
public:
    HeaderUnits() = default;
    /// Errors: FileError for a unit of lengths that is unknown, or two that differ.
    HeaderUnits(const std::vector<KeyValue>& pairs, const Place& place);

    [[nodiscard]] double length() const { return length_.value_or(1.0); }
    /// Nothing where the label's unit is not clear; why() says why then.
    [[nodiscard]] std::optional<double> factor(Quantity quantity) const;
    [[nodiscard]] std::string why(Quantity quantity) const;
    /// The unit's name where the header gives one.
    [[nodiscard]] std::string name(Quantity quantity) const { return names_[index(quantity)]; }
    /// True if any unit is given, also the usual ones.
    [[nodiscard]] bool given() const { return given_; }
    /// True for a key that is a unit here.
    [[nodiscard]] static bool is_unit(const KeyValue& pair);

private:
    static std::size_t index(Quantity quantity) { return static_cast<std::size_t>(quantity); }
    void everything(const KeyValue& pair);
    void of_pressure(const KeyValue& pair, const std::vector<KeyValue>& pairs);
    [[nodiscard]] bool others_differ() const;

    std::optional<double> length_;
    std::string names_[4], everything_;
    std::optional<double> factors_[4];
    bool given_ = false, unclear_ = false;
};

/// eV/angstrom^3 (1602 GPa): no condensed matter that a potential is fitted to is under such a stress.
constexpr double largest_stress = 10.0;
/// What is wrong with a stress beyond it, from this key or item of the file; empty if nothing is.
[[nodiscard]] std::string implausible_stress(const Frame& frame, const std::string& from);
/// Leaves out a stress beyond it, with a warning in the notes: for readers of all formats.
void leave_out_implausible_stress(Frame& frame, FrameNotes& notes);
/// The units in which a stress of this size (as given, in what should be eV/angstrom^3) would be an ordinary one.
[[nodiscard]] std::string likely_stress_unit(double size, double volume);

}  // namespace alkali::io
