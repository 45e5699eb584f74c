#pragma once
#include "alkali/io/format.hpp"

namespace alkali::io {

// Extended XYZ as ASE 3.29 writes and reads it. Stress: eV/angstrom^3, positive in tension, 9 numbers or 6 in the order
// xx yy zz yz xz xy. `virial`: -stress x volume in eV, 9 or 6 numbers, used where there is no stress.
[[nodiscard]] std::unique_ptr<FrameReader> open_extxyz(std::unique_ptr<std::istream> stream, const std::string& source,
                                                       const ReadOptions& options);
/// Writes energy, stress (9 numbers), forces, energies, info; every number in the shortest text that reads back the same.
[[nodiscard]] std::unique_ptr<FrameWriter> write_extxyz(const std::filesystem::path& path, const WriteOptions& options);

}  // namespace alkali::io
