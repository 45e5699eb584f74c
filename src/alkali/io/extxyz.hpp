#pragma once
#include "alkali/io/format.hpp"

namespace alkali::io {

// Extended XYZ as ASE 3.29 writes and reads it, with keys in any letter case and labels under the names of label_names.hpp.
// Stress: eV/angstrom^3, positive in tension, 9 numbers or 6 in the order
// xx yy zz yz xz xy. `virial`: -stress x volume in eV, 9 or 6 numbers, used where there is no stress. Other units: energy-unit,
// force-unit, stress-unit, length-unit in the header.
[[nodiscard]] std::unique_ptr<FrameReader> open_extxyz(std::unique_ptr<std::istream> stream, const std::string& source,
                                                       const ReadOptions& options);
/// Writes energy, stress (9 numbers), forces, energies, info, columns, weights; every number in the shortest text that reads back the same.
[[nodiscard]] std::unique_ptr<FrameWriter> write_extxyz(const std::filesystem::path& path, const WriteOptions& options);

}  // namespace alkali::io
