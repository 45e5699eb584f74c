#include "alkali/io/quantum_espresso_geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "alkali/io/quantum_espresso_text.hpp"
#include "alkali/io/text.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io::qe {
namespace {

/// Atomic number of the symbol that a label begins with, whatever its case: Fe1, H_up, LI-2.
int leading_element(std::string_view label) {
    std::string letters;
    for (const char c : label.substr(0, 2)) {
        if (std::isalpha(static_cast<unsigned char>(c)) == 0) break;
        letters +=
            static_cast<char>(letters.empty() ? std::toupper(static_cast<unsigned char>(c)) : std::tolower(static_cast<unsigned char>(c)));
    }
    for (; !letters.empty(); letters.pop_back())
        if (units::is_symbol(letters)) return units::atomic_number(letters);
    return 0;
}

/// The element of this standard mass within a tenth of a percent, which tells all neighbours apart but Co and Ni: 0 where two do.
int element_of_mass(double mass) {
    int found = 0;
    for (int z = 1; z <= 103 && mass > 0; ++z) {
        if (std::abs(units::atomic_mass(z) - mass) > 1e-3 * mass) continue;
        if (found != 0) return 0;
        found = z;
    }
    return found;
}

/// "(   1.000000   0.000000   0.000000 )" behind the mark.
std::vector<double> in_brackets(std::string_view text) {
    const auto begin = text.find('(');
    return begin == std::string_view::npos ? std::vector<double>{} : fixed_columns(text.substr(begin + 1));
}

}  // namespace

int element_of(const Species& species) {
    if (const int z = leading_element(species.pseudopotential); z != 0) return z;
    if (const int z = leading_element(species.label); z != 0) return z;
    return element_of_mass(species.mass);
}

int element_by_file(const Species& species) {
    const std::string_view file = species.pseudopotential;
    const auto word = std::find_if(file.begin(), file.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) == 0; });
    const auto letters = static_cast<std::size_t>(word - file.begin());
    Species told = species;
    if (letters > 2 || leading_element(file) == 0 || (letters == 2 && units::symbol(leading_element(file)).size() != 2))
        told.pseudopotential.clear();
    if (const int z = element_of(told); z != 0) return z;
    return leading_element(file);
}

std::string contradiction(const Species& species, int element) {
    std::string said;
    if (const int label = leading_element(species.label); label != 0 && label != element)
        said = fmt::format("is {} by its label", units::symbol(label));
    if (const int mass = element_of_mass(species.mass); mass != 0 && mass != element)
        said += fmt::format("{} {} by its mass {}", said.empty() ? "is" : " and", units::symbol(mass), species.mass);
    if (said.empty()) return {};
    const auto& file = species.pseudopotential;
    return fmt::format("the species '{}' {}, and is taken for {}{}", species.label, said, units::symbol(element),
                       file.empty() ? "" : " (pseudopotential " + file + ")");
}

std::string doubt_of(const Species& species) {
    const int label = leading_element(species.label), taken = element_of(species);
    if (label == 0) return {};
    if (label == taken) return leading_element(species.pseudopotential) == 0 ? contradiction(species, taken) : std::string();
    return fmt::format("the species '{}' has the pseudopotential of {}, and is taken for it", species.label, units::symbol(taken));
}

bool Geometry::begins(std::string_view line) {
    return line.starts_with("CELL_PARAMETERS") || line.starts_with("ATOMIC_POSITIONS") || line.starts_with("Begin final coordinates") ||
           contains(line, "crystal axes:") || contains(line, "unit-cell volume") || contains(line, "positions (alat units)") ||
           contains(line, "bravais-lattice index");
}

void Geometry::line(std::string_view line) {
    if (in_table(line)) return;
    read_header(line);
}

/// True if the line is a row of the table that is being read.
bool Geometry::in_table(std::string_view line) {
    switch (table_) {
        case Table::none: return false;
        case Table::cell: read_cell_row(line); return true;
        case Table::card: return read_card_row(line);
        case Table::sites: read_site(line); return contains(line, "tau(");
        case Table::species: read_species(line); return true;
    }
    return false;
}

void Geometry::read_header(std::string_view line) {
    if (const auto rest = after(line, "lattice parameter (alat)  ="))
        alat_ = first_number(*rest);
    else if (const auto celldm = after(line, "celldm(1)=")) {
        // The same with more digits.
        if (const double value = first_number(*celldm); std::abs(value - alat_) < 1e-3) alat_ = value;
    } else if (const auto volume = after(line, "unit-cell volume")) {
        if (const auto value = after(*volume, "=")) volume_ = first_number(*value);
    } else if (const auto number = after(line, "number of atoms/cell      =")) {
        atoms_ = static_cast<std::size_t>(first_integer(*number));
    } else if (contains(line, "crystal axes:")) {
        cell_rows_ = 0;
        cell_unit_ = Unit::alat;
    } else if (contains(line, "a(1) = (") || contains(line, "a(2) = (") || contains(line, "a(3) = (")) {
        read_axis(line);
    } else if (contains(line, "atomic species   valence")) {
        species_.clear();
        table_ = Table::species;
    } else if (contains(line, "positions (alat units)")) {
        begin_sites(Unit::alat);
        table_ = Table::sites;
    } else if (line.starts_with("CELL_PARAMETERS")) {
        begin_cell(line);
    } else if (line.starts_with("ATOMIC_POSITIONS")) {
        begin_sites(unit_of(line));
        table_ = Table::card;
    }
}

Geometry::Unit Geometry::unit_of(std::string_view line) {
    const auto words = line.substr(std::min(line.size(), line.find_first_of("({")));
    if (contains(words, "alat") || words.empty()) return Unit::alat;
    if (contains(words, "angstrom")) return Unit::angstrom;
    if (contains(words, "bohr") || contains(words, "a.u.")) return Unit::bohr;
    return contains(words, "crystal") ? Unit::crystal : Unit::unknown;
}

void Geometry::begin_cell(std::string_view line) {
    cell_unit_ = unit_of(line);
    cell_rows_ = 0;
    table_ = Table::cell;
    if (const auto alat = after(line, "alat=")) {
        const std::string text(alat->substr(0, alat->find_first_of(")}")));
        alat_ = first_number(text);
    }
}

void Geometry::begin_sites(Unit unit) {
    site_unit_ = unit;
    sites_.clear();
    fault_.clear();
}

void Geometry::read_axis(std::string_view line) {
    const auto values = in_brackets(line.substr(line.find('=')));
    if (values.size() == 3 && cell_rows_ < 3) cell_.row(cell_rows_++) << values[0], values[1], values[2];
}

void Geometry::read_cell_row(std::string_view line) {
    const auto values = fixed_columns(line);
    if (values.size() >= 3) cell_.row(cell_rows_++) << values[0], values[1], values[2];
    if (values.size() < 3 || cell_rows_ == 3) table_ = Table::none;
}

/// "Li             1.00     6.94000     Li( 1.00)".
void Geometry::read_species(std::string_view line) {
    const auto words = split(line);
    if (words.size() < 4) {
        table_ = Table::none;
        return;
    }
    Species species{std::string(words[0]), std::string(words[3].substr(0, words[3].find('('))), parse_double(words[2]).value_or(0)};
    // Here it is a symbol and nothing else.
    if (!units::is_symbol(species.pseudopotential)) species.pseudopotential.clear();
    species_.push_back(std::move(species));
}

/// "1           Li  tau(   1) = (   0.0000000   0.0000000   0.0000000  )".
void Geometry::read_site(std::string_view line) {
    const auto words = split(line);
    const auto at = line.find("tau(");
    if (at == std::string_view::npos) {
        if (!words.empty()) table_ = Table::none;
        return;
    }
    const auto equals = line.find('=', at);
    const auto values = equals == std::string_view::npos ? std::vector<double>{} : in_brackets(line.substr(equals));
    if (words.size() < 3 || values.size() != 3)
        fault_ = fmt::format("'{}' is no atom with a position", trim(line));
    else
        sites_.push_back({std::string(words[1]), Vec3(values[0], values[1], values[2])});
}

/// "Li1   0.0000000000   0.0000000000   0.0000000000   0   0   0"; the last three say which components are held.
bool Geometry::read_card_row(std::string_view line) {
    const auto words = split(line);
    // A label holds no blanks, numbers may touch.
    const auto values = words.empty() ? std::vector<double>{} : fixed_columns(line.substr(line.find(words[0]) + words[0].size()));
    if (sites_.size() >= atoms_ || values.size() < 3) {
        table_ = Table::none;
        return false;
    }
    sites_.push_back({std::string(words[0]), Vec3(values[0], values[1], values[2])});
    return true;
}

int Geometry::number_of(const std::string& label, const std::vector<std::string>& type_names, const Place& place) const {
    for (std::size_t i = 0; i < species_.size(); ++i) {
        if (species_[i].label != label) continue;
        if (const int z = element_of(species_[i]); z != 0) return z;
        if (!type_names.empty()) return element_of_type(static_cast<long long>(i) + 1, type_names, place);
    }
    const int z = leading_element(label);
    if (z == 0)
        place.fail(fmt::format("the species '{}' tells no element, nor do its pseudopotential and mass", label),
                   "give the chemical symbol of each species (type_names, --type-names)");
    return z;
}

std::string Geometry::difference_from(const structure::Structure& structure) const {
    // Lengths have six or seven digits behind the point in units of alat, which itself has as many.
    const auto& cell = structure.cell.vectors();
    const double tolerance = 1e-3 + 2e-5 * cell.rowwise().norm().maxCoeff();  // angstrom
    const double volume = structure.cell.volume() / (units::bohr * units::bohr * units::bohr);
    if (atoms_ > 0 && atoms_ != structure.size()) return fmt::format("{} atoms instead of {}", atoms_, structure.size());
    if (volume_ > 0 && !(std::abs(volume_ - volume) < 1e-3 + 1e-5 * volume))
        return fmt::format("a volume of {:.4f} bohr^3 instead of {:.4f}", volume_, volume);
    const auto scale = [&](Unit unit) { return unit == Unit::alat ? alat_ * units::bohr : unit == Unit::bohr ? units::bohr : 1.0; };
    const bool has_cell = cell_rows_ == 3 && cell_unit_ != Unit::crystal && cell_unit_ != Unit::unknown && scale(cell_unit_) > 0;
    if (has_cell && !((cell_ * scale(cell_unit_) - cell).cwiseAbs().maxCoeff() < tolerance)) return "another cell";
    if (sites_.size() != structure.size() || site_unit_ == Unit::unknown || !(scale(site_unit_) > 0)) return {};
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        const auto& site = sites_[i];
        if (const int z = leading_element(site.label); z != 0 && z != structure.numbers[i])
            return fmt::format("a {} as atom {} instead of {}", site.label, i + 1, units::symbol(structure.numbers[i]));
        const Vec3 at = site_unit_ == Unit::crystal ? Vec3(cell.transpose() * site.position) : Vec3(site.position * scale(site_unit_));
        // Images of an atom are the same.
        Vec3 away = structure.cell.to_fractional(at - structure.positions[i]);
        for (int k = 0; k < 3; ++k) away[k] -= std::round(away[k]);
        if (!((cell.transpose() * away).norm() < tolerance)) return fmt::format("atom {} elsewhere", i + 1);
    }
    return {};
}

structure::Structure Geometry::structure(const std::vector<std::string>& type_names, const Place& place) const {
    if (cell_rows_ != 3) place.fail("the output has no cell", "is its beginning missing?");
    if (!fault_.empty()) place.fail(fault_);
    if (sites_.size() != atoms_ || sites_.empty())
        place.fail(fmt::format("the output has positions of {} of {} atoms", sites_.size(), atoms_), "is a part of it missing?");
    if (cell_unit_ == Unit::unknown || site_unit_ == Unit::unknown || cell_unit_ == Unit::crystal)
        place.fail("the unit of the cell or the positions is not known");
    const auto scale = [&](Unit unit) { return unit == Unit::alat ? alat_ * units::bohr : unit == Unit::bohr ? units::bohr : 1.0; };
    const Mat3 vectors = cell_ * scale(cell_unit_);
    structure::Structure structure;
    structure.cell = make_cell(vectors, {true, true, true}, place);
    const double volume = structure.cell.volume() / (units::bohr * units::bohr * units::bohr);
    if (volume_ > 0 && !(std::abs(volume / volume_ - 1) < 1e-3))
        place.fail(fmt::format("the cell has a volume of {:.4f} bohr^3, the output says {:.4f}", volume, volume_),
                   "is a part of the output missing?");
    for (const auto& site : sites_)
        structure.add(number_of(site.label, type_names, place),
                      site_unit_ == Unit::crystal ? Vec3(vectors.transpose() * site.position) : Vec3(site.position * scale(site_unit_)));
    return structure;
}

}  // namespace alkali::io::qe
