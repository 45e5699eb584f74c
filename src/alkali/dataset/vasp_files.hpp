#pragma once
#include <filesystem>

namespace alkali::dataset {

/// How much of a VASP run a file of its results holds, best first.
enum class Extent { whole, steps, nothing };

/// Of a vasprun.xml: its last tag; of an OUTCAR: the timing at the end; else whether there is any complete step. Reads the
/// file's last piece, and more only if that has no step; all of it if it is compressed. A file that cannot be read or is damaged
/// is never whole.
[[nodiscard]] Extent extent_of_vasprun(const std::filesystem::path& path);
[[nodiscard]] Extent extent_of_outcar(const std::filesystem::path& path);

}  // namespace alkali::dataset
