#pragma once
#include <filesystem>
#include <istream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::io {

using structure::Frame;

/// Whether a label that is NaN or infinite is an error (training, evaluation) or passed on (data check).
enum class Numbers { finite, any };

/// Whether a frame that cannot be read is an error, or left out and noted.
enum class Unreadable { error, left_out };

struct ReadOptions {
    std::string format;  ///< name of a format; empty: by the file's name
    // Keys of labels in extended XYZ. Empty: found by their names (label_names.hpp); where two differ, neither is taken.
    std::string energy_key, forces_key, stress_key, virial_key;
    /// Chemical symbols of types 1, 2, ... where a file has numbers, or labels that are no elements. Elements that a file itself
    /// names win; one that is not among these names is an error.
    std::vector<std::string> type_names;
    std::string atom_style;  ///< of LAMMPS data files; empty: from the file
    Numbers numbers = Numbers::finite;
    Unreadable unreadable = Unreadable::error;
};

struct WriteOptions {
    std::string format;                   ///< name of a format; empty: by the file's name
    std::vector<std::string> type_names;  ///< order of the types in LAMMPS and deepmd files; empty: by atomic number
};

/// A part of a file that gave no frame, such as an ionic step whose electrons did not converge.
struct LeftOut {
    std::string where;  ///< file and number of the frame it would have been
    std::string why;
};

/// What a reader can tell of the frame it read last besides the frame itself.
struct FrameNotes {
    std::string energy_from, forces_from, stress_from;  ///< key or item of the file that gave the label; empty: none
    std::vector<std::string> unused_columns;            ///< per-atom columns that gave no label
    std::vector<std::string> warnings{};                ///< what people should know of this frame and its labels
    std::vector<LeftOut> left_out{};                    ///< what stood before this frame, behind the frame before it
    std::vector<std::string> without_weight{};          ///< labels (energy, forces, stress) that the file gives weight 0: left out
};

/// True if the notes say that the file gives this label (energy, forces, stress) no weight.
[[nodiscard]] bool leaves_out(const FrameNotes& notes, std::string_view label);

/// Frames of one file (or folder) in order, one in memory at a time. The number of a frame counts what was left out too.
class FrameReader {
public:
    virtual ~FrameReader() = default;
    /// Reads the next frame; false at the end. Errors: FileError naming file and frame. In formats whose frames can be
    /// told apart (extended XYZ) a further call goes on behind a frame whose content was wrong.
    [[nodiscard]] virtual bool next(Frame& frame) = 0;
    /// Notes of the frame read last. Once next() has returned false: with what was left out behind the last frame.
    [[nodiscard]] virtual FrameNotes notes() const { return {}; }
};

/// Writes frames one after the other. Nothing appears under the target's name before close().
class FrameWriter {
public:
    virtual ~FrameWriter() = default;
    /// Errors: InputError naming the frame when the format cannot hold it.
    virtual void write(const Frame& frame) = 0;
    /// Puts the finished file in place. Without it nothing is left behind.
    virtual void close() = 0;
};

enum class Access { stream, folder };

/// Which labels a format can hold: none, the forces, or energy, forces and stress.
enum class Holds { structure, forces, labels };

enum class Frames { one, many };

/// In which directions a format can hold structures that are not periodic.
enum class Boundaries {
    periodic,  ///< none
    all,       ///< all three or none
    each       ///< any
};

/// What a format can hold besides species, positions, cell and labels.
struct Abilities {
    Frames frames = Frames::many;
    Boundaries boundaries = Boundaries::each;
    bool columns = false;                  ///< further columns of atoms and key=value pairs
    std::vector<std::string> atom_styles;  ///< LAMMPS
};

/// A format as data: the help text, the documentation's table and messages are made from these.
struct FormatInfo {
    std::string name;
    std::vector<std::string> patterns;  ///< file names with * for anything, by which it is recognised, also with .gz, .xz, .zst behind
    bool reads = false, writes = false;
    Access access = Access::stream;  ///< one file, or a folder of files
    Holds holds = Holds::labels;
    std::string help;  ///< one line: what it holds, sign and units
    Abilities abilities = {};
};

[[nodiscard]] std::vector<FormatInfo> formats();
/// A table of all formats as text.
[[nodiscard]] std::string formats_help();
/// The same in Markdown, as it stands in docs/guide/files.md.
[[nodiscard]] std::string formats_markdown();

/// The format of this name, or (empty name) the one that the file's name tells; InputError if there is none.
[[nodiscard]] FormatInfo format_info(const std::filesystem::path& path, const std::string& name = {});
/// The name of the format that the file's name (or being a deepmd folder) tells; InputError if none.
[[nodiscard]] std::string detect_format(const std::filesystem::path& path);
/// The name of the format for a file that is to be written: as detect_format(), and a name without an ending is a deepmd folder.
[[nodiscard]] std::string output_format(const std::filesystem::path& path);
/// The file may be compressed (see compression.hpp).
/// Errors: InputError for an unknown or unrecognised format (nearest named), FileError if it cannot be read. Where
/// unreadable frames are left out, so is all behind a fault at which the format's reader cannot go on.
[[nodiscard]] std::unique_ptr<FrameReader> open_reader(const std::filesystem::path& path, const ReadOptions& options = {});
/// The same from a stream; `format` must be one whose access is stream. `source` names it in errors.
[[nodiscard]] std::unique_ptr<FrameReader> open_reader(std::unique_ptr<std::istream> stream, const std::string& source,
                                                       const ReadOptions& options);
/// A file whose name ends in .gz, .xz or .zst is compressed; not a folder.
[[nodiscard]] std::unique_ptr<FrameWriter> open_writer(const std::filesystem::path& path, const WriteOptions& options = {});

/// All frames at once; what the reader noted is told nobody. FileError if there is none.
[[nodiscard]] std::vector<Frame> read_frames(const std::filesystem::path& path, const ReadOptions& options = {});
void write_frames(const std::filesystem::path& path, std::span<const Frame> frames, const WriteOptions& options = {});

}  // namespace alkali::io
