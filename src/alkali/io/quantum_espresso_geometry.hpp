#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/text.hpp"

namespace alkali::io::qe {

/// What is known of a species of pw.x besides its label, which may be more than a symbol: Fe1, H_up, Li-s.
struct Species {
    std::string label;
    std::string pseudopotential;  ///< symbol in its header, or file name
    double mass = 0;              ///< amu; 0: not known
};

/// Atomic number of a species: that of its pseudopotential's symbol (which decides what was computed), else of its label, else of
/// its mass; 0 if none tells.
[[nodiscard]] int element_of(const Species& species);
/// The same where the pseudopotential is the name of a file, which tells an element only where it begins with the symbol alone as a word
/// (Li.UPF, li_pbe.UPF).
[[nodiscard]] int element_by_file(const Species& species);
/// What of label and mass contradicts the element; empty: nothing.
[[nodiscard]] std::string contradiction(const Species& species, int element);
/// What contradicts element_of(); empty: nothing.
[[nodiscard]] std::string doubt_of(const Species& species);

/// Cell and atoms as pw.x prints them before and between its calculations.
class Geometry {
public:
    /// Whether a description of another structure begins with this line.
    [[nodiscard]] static bool begins(std::string_view line);
    void line(std::string_view line);
    /// Number of atoms the run speaks of.
    [[nodiscard]] std::size_t atoms() const { return atoms_; }
    [[nodiscard]] const std::vector<Species>& species() const { return species_; }
    /// In what it differs from a structure by more than its digits allow; empty: in nothing that is printed in full.
    [[nodiscard]] std::string difference_from(const structure::Structure& structure) const;
    /// Whether anything of it was printed.
    [[nodiscard]] bool begun() const { return volume_ > 0 || cell_rows_ > 0 || !sites_.empty(); }
    /// `type_names`: symbols of the species, in their order, that do not tell their element. Errors: FileError at the place.
    [[nodiscard]] structure::Structure structure(const std::vector<std::string>& type_names, const Place& place) const;

private:
    enum class Unit { alat, bohr, angstrom, crystal, unknown };
    struct Site {
        std::string label;
        Vec3 position;
    };

    bool in_table(std::string_view line);
    void read_header(std::string_view line);
    void read_axis(std::string_view line);
    void read_species(std::string_view line);
    void read_site(std::string_view line);
    void read_cell_row(std::string_view line);
    bool read_card_row(std::string_view line);
    void begin_cell(std::string_view line);
    void begin_sites(Unit unit);
    [[nodiscard]] static Unit unit_of(std::string_view line);
    [[nodiscard]] int number_of(const std::string& label, const std::vector<std::string>& type_names, const Place& place) const;

    double alat_ = 0;    // bohr
    double volume_ = 0;  // bohr^3, as printed; 0: not
    Mat3 cell_ = Mat3::Zero();
    Unit cell_unit_ = Unit::alat, site_unit_ = Unit::alat;
    int cell_rows_ = 0, rows_left_ = 0;
    std::size_t atoms_ = 0;
    std::vector<Site> sites_;
    std::vector<Species> species_;
    enum class Table { none, species, sites, cell, card } table_ = Table::none;
    std::string fault_;  // of the current description
};

}  // namespace alkali::io::qe
