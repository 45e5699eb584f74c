#pragma once
#include "alkali/io/format.hpp"

namespace alkali::io {

// Files of VASP. Energy: the free energy TOTEN, which is consistent with the forces. VASP prints stress in kbar,
// positive in compression; it becomes eV/angstrom^3, positive in tension.
// A step is no frame, and noted as left out, if its electrons did not converge (NELM used up) or saw a charge
// density that is kept (ICHARG of 10 and more), if VASP's machine-learned
// force field predicted it, or if the run ends within it. Files of several runs, one behind the other, are read in full.

/// POSCAR, CONTCAR: one structure (versions 4 and 5; selective dynamics and velocities are passed over). Elements: the
/// line of symbols, else the symbols behind the positions, the type names, the title.
[[nodiscard]] std::unique_ptr<FrameReader> open_poscar(std::unique_ptr<std::istream> stream, const std::string& source,
                                                       const ReadOptions& options);
/// Keeps the order of the atoms (a symbol may be listed more than once). InputError for a second frame or no volume.
[[nodiscard]] std::unique_ptr<FrameWriter> write_poscar(const std::filesystem::path& path, const WriteOptions& options);
/// vasprun.xml, every ionic step; parsed piece by piece, so that size does not matter.
[[nodiscard]] std::unique_ptr<FrameReader> open_vasprun(std::unique_ptr<std::istream> stream, const std::string& source,
                                                        const ReadOptions& options);
/// OUTCAR, every ionic step.
[[nodiscard]] std::unique_ptr<FrameReader> open_outcar(std::unique_ptr<std::istream> stream, const std::string& source,
                                                       const ReadOptions& options);

/// Stress in eV/angstrom^3, positive in tension, from VASP's in kbar.
[[nodiscard]] Mat3 stress_from_vasp(const Mat3& kbar);

/// Why the stress of a run with this ISIF (0 or 1) is no label.
[[nodiscard]] std::string stress_not_taken(long long isif);

/// Why the steps of a run with this ICHARG are no labels; empty if they are.
[[nodiscard]] std::string fixed_charge(long long icharg);
/// The same of SCALEE, which mixes the Hamiltonian with that of an ideal gas or a harmonic crystal.
[[nodiscard]] std::string scaled_hamiltonian(double scalee);

}  // namespace alkali::io
