#pragma once
#include "alkali/io/format.hpp"

namespace alkali::io {

// Folders of deepmd-kit: type.raw, type_map.raw, [nopbc], set.*/{coord,box,energy,force,virial,real_atom_types}.npy, or, without
// set.*, {coord,box,energy,force,virial}.raw: text with a frame a line.
// virial = -stress x volume in eV; energy eV, force eV/angstrom, lengths angstrom; any kind of numbers in any order.

/// `path` is a system's folder or one that contains such folders at any depth (read in the order of their names).
/// Names of types are those of its own type_map.raw, or of the nearest folder above.
/// Errors: FileError naming the array that is missing, malformed, of another number of frames or atoms, or that is there and cannot be
/// opened.
[[nodiscard]] std::unique_ptr<FrameReader> open_deepmd(const std::filesystem::path& path, const ReadOptions& options);
/// Frames with the same species in the same order, periodicity and kinds of labels make a system; one system is
/// written into the folder itself, several into sub-folders named by formula. Holds all frames until close(). float64.
/// Errors: InputError for a cell periodic in some directions only; FileError if the folder exists and is not empty.
[[nodiscard]] std::unique_ptr<FrameWriter> write_deepmd(const std::filesystem::path& path, const WriteOptions& options);

}  // namespace alkali::io
