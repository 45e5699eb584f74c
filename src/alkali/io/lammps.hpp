#pragma once
#include "alkali/io/format.hpp"
#include "alkali/io/spanning_cell.hpp"

namespace alkali::io {

// Files of LAMMPS in units metal. LAMMPS wants the first cell vector along x and the second in the xy plane: writers turn
// the structure (and mirror it, if its cell is left-handed) and reduce the tilt, which changes no energy.

/// A cell as LAMMPS wants it.
struct LammpsBox {
    Mat3 vectors;   ///< lower triangular with positive diagonal, rows, angstrom
    Mat3 rotation;  ///< orthogonal; a position r becomes rotation * r
    Vec3 origin;    ///< corner (xlo, ylo, zlo) in the turned axes
};
/// Of the cell that spans the atoms in open directions.
[[nodiscard]] LammpsBox lammps_box(const structure::Structure& structure, Stretched stretched = Stretched::missing);

/// Whether a file that begins so is a data file (it says how many atoms it has), a dump. Names such as "data.*" and "*.lmp" are common.
[[nodiscard]] bool is_lammps_data(std::string_view beginning);
[[nodiscard]] bool is_lammps_dump(std::string_view beginning);

/// Data file. Its atom style is that of `Atoms # style`, of the options, or the one that the columns fit. Elements from the comments in
/// Masses or the type labels, from type_names, or from the masses. The file does not tell which directions are periodic: all are taken
/// to be.
[[nodiscard]] std::unique_ptr<FrameReader> open_lammps_data(std::unique_ptr<std::istream> stream, const std::string& source,
                                                            const ReadOptions& options);
/// InputError for a second frame.
[[nodiscard]] std::unique_ptr<FrameWriter> write_lammps_data(const std::filesystem::path& path, const WriteOptions& options);
/// Dump (custom, atom): id, element, typelabel, type or mass, x y z | xu yu zu | xs ys zs | xsu ysu zsu, fx fy fz; atoms sorted by id. The
/// time step goes to info `timestep`.
[[nodiscard]] std::unique_ptr<FrameReader> open_lammps_dump(std::unique_ptr<std::istream> stream, const std::string& source,
                                                            const ReadOptions& options);
[[nodiscard]] std::unique_ptr<FrameWriter> write_lammps_dump(const std::filesystem::path& path, const WriteOptions& options);

}  // namespace alkali::io
