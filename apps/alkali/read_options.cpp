#include "read_options.hpp"

namespace alkali::app {

void add_structure_options(CLI::App& command, io::ReadOptions& read) {
    command.add_option("--format,--from", read.format, "Format of the input; default: by name")->type_name("FORMAT");
    command.add_option("--type-names", read.type_names, "Chemical symbols of types 1, 2, ... where a file has numbers only")
        ->delimiter(',')
        ->type_name("Li,O,...");
}

void add_label_options(CLI::App& command, io::ReadOptions& read) {
    add_structure_options(command, read);
    command.add_option("--energy-key", read.energy_key, "Key of the energy in extended XYZ; default: by its name (free_energy before energy, any prefix)");
    command.add_option("--forces-key", read.forces_key, "Key of the forces; default: by its name");
    command.add_option("--stress-key", read.stress_key, "Key of the stress; default: by its name");
    command.add_option("--virial-key", read.virial_key, "Key of the virial (-stress x volume, eV), used where there is no stress");
}

}  // namespace alkali::app
