#include "read_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alkali/io/lammps_styles.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::app {

const CLI::Validator element_symbol(
    [](std::string& word) {
        return units::is_symbol(word) ? std::string() : "'" + word + "' is not a chemical symbol; use symbols such as Li";
    },
    "");

namespace {

// Also where the file tells its own, a wrong word is a wrong word.
const CLI::Validator atom_style(
    [](std::string& word) {
        if (io::lammps_style(word)) return std::string();
        return fmt::format("'{}' is no atom style that is read ({})", word, fmt::join(io::lammps_style_names(), ", "));
    },
    "");

}  // namespace

void add_structure_options(CLI::App& command, io::ReadOptions& read) {
    command.add_option("--format,--from", read.format, "Format of the input; default: by name")->type_name("FORMAT");
    command
        .add_option("--type-names", read.type_names,
                    "Chemical symbols of types 1, 2, ... where a file has numbers only, or labels that are no elements")
        ->delimiter(',')
        ->check(element_symbol)
        ->type_name("Li,O,...");
    command.add_flag_callback(
        "--skip-unreadable", [&read] { read.unreadable = io::Unreadable::left_out; },
        "Leave out frames that cannot be read, with a warning, instead of stopping");
    command.add_option("--atom-style", read.atom_style, "Atom style of LAMMPS data files that do not tell it")
        ->check(atom_style)
        ->type_name("NAME");
}

void add_label_options(CLI::App& command, io::ReadOptions& read) {
    add_structure_options(command, read);
    command.add_option("--energy-key", read.energy_key,
                       "Key of the energy in extended XYZ; default: by its name (free_energy before energy, any prefix)");
    command.add_option("--forces-key", read.forces_key, "Key of the forces; default: by its name");
    command.add_option("--stress-key", read.stress_key, "Key of the stress; default: by its name");
    command.add_option("--virial-key", read.virial_key, "Key of the virial (-stress x volume, eV), used where there is no stress");
}

}  // namespace alkali::app
