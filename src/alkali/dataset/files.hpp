#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/io/format.hpp"

namespace alkali::dataset {

/// What a path holds.
struct Files {
    std::vector<std::filesystem::path> read;          ///< by name: files of known formats, and folders that are deepmd systems
    std::vector<std::filesystem::path> passed_over;   ///< of runs of which a better file is read, and copies
    std::vector<std::filesystem::path> foreign = {};  ///< named as files of LAMMPS, and of other content
};

/// The files behind a path: the path itself for a file, else all files of known formats (or of the one given) and all
/// deepmd systems in the folder and below. Links are followed, and nothing is read twice; hidden files are not read. Of
/// one VASP run (same folder, same name but for the kind of file) the first that is there and not empty is read:
/// vasprun.xml, OUTCAR, CONTCAR, POSCAR, but a whole OUTCAR rather than a vasprun.xml cut off; beside a run with results no CONTCAR or
/// POSCAR at all; no copy of a file. Of one run of pw.x the text rather than the XML. Of a file and the same compressed the former. Errors:
/// InputError if there is none, FileError for a path or link that leads nowhere or a folder that cannot be read.
[[nodiscard]] Files find_files(const std::filesystem::path& path, const std::string& format = {});

/// The files to be read alone.
[[nodiscard]] std::vector<std::filesystem::path> files_of(const std::filesystem::path& path, const std::string& format = {});

/// The frames of all files of a path, one after the other; the log is told what the readers note (io/notes.hpp).
/// Errors: those of reading, and a FileError at the end if there was no frame.
[[nodiscard]] std::unique_ptr<io::FrameReader> open_frames(const std::filesystem::path& path, const io::ReadOptions& options,
                                                           base::LogSink& log);

}  // namespace alkali::dataset
