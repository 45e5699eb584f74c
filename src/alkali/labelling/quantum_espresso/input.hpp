#pragma once
#include <optional>
#include <string>

#include "alkali/labelling/quantum_espresso/sampling.hpp"

namespace alkali::labelling::qe {

/// Files of the calculation, below its folder.
inline constexpr const char* prefix = "alkali";
inline constexpr const char* output_folder = "pw";

enum class Start { atoms, files };  ///< density and wavefunctions: of free atoms, or of the last calculation in this folder

/// One run of pw.x.
struct Job {
    Mesh mesh{};
    std::optional<Mesh> dense, smooth;  ///< FFT grids; nothing: as pw.x chooses
    Electrons electrons;
    int bands = 0;  ///< 0: as pw.x chooses
    Start start = Start::atoms;
    std::string disk_io = "low";  ///< less leaves no XML behind
    int david_ndim = 0;           ///< 0: as pw.x chooses
};

/// File name of an element's pseudopotential beside the input.
[[nodiscard]] std::string pseudopotential_name(int atomic_number);

/// The input of pw.x: positions and cell in angstrom, atoms in the order of the structure, forces and stress asked for.
[[nodiscard]] std::string write_input(const structure::Structure& structure, const Physics& physics, const Job& job);

}  // namespace alkali::labelling::qe
