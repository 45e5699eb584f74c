#pragma once
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/io/format.hpp"

namespace alkali::dataset {

using structure::Frame;

/// What to do with a frame that lacks a needed label: stop, or leave the label out of the loss and count it.
enum class Missing { error, mask };

/// Which labels are needed (those with a weight in the loss).
struct Needs {
    bool energy = true, forces = true, stress = false;
};

/// What of a frame is kept besides structure, labels and info: columns of atoms only where frames are written again.
enum class Keep { labels, columns };

struct LoadOptions {
    io::ReadOptions read;
    Missing missing = Missing::error;
    Needs needs;
    Keep keep = Keep::labels;
};

/// How many frames lack which label.
struct LabelCounts {
    std::size_t frames = 0, atoms = 0;
    std::size_t without_energy = 0, without_forces = 0, without_stress = 0;
    void add(const Frame& frame);
};

/// Labelled frames of one or more sources. A source may have a zero of energy of its own.
struct FrameSet {
    std::vector<Frame> frames;
    std::vector<std::size_t> source;   ///< (frames) number of the path each frame came from
    std::vector<std::string> sources;  ///< the paths as given
    std::vector<std::string> notes;    ///< (sources) which keys gave the labels, for people

    [[nodiscard]] LabelCounts counts() const;
    /// Distinct atomic numbers, ascending.
    [[nodiscard]] std::vector<int> species() const;
    [[nodiscard]] FrameSet subset(std::span<const std::size_t> which) const;
};

/// "12 frames, 648 atoms; without stress: 3".
[[nodiscard]] std::string describe(const LabelCounts& counts);

/// The files behind a path: the path itself for a file or deepmd folder, else all files of known formats in the folder
/// and below, by name. InputError if there is none.
[[nodiscard]] std::vector<std::filesystem::path> files_of(const std::filesystem::path& path);

/// Reads files and folders (a deepmd folder, or a folder whose files of known formats are all read, by name). Says in
/// the log which keys gave the labels and how many labels are masked, and warns of a shear stress that is not there or that
/// the energies contradict. A label that the file gives weight 0 may be missing.
/// Errors: FileError from reading; InputError naming the frame that lacks a needed label, with the nearest key it has.
/// A frame whose cell is not fully periodic may always lack the stress.
[[nodiscard]] FrameSet load(std::span<const std::filesystem::path> paths, const LoadOptions& options, base::LogSink& log);

/// What a set of frames holds, of any size: they are read one by one.
struct Contents {
    LabelCounts counts;
    std::size_t smallest = 0, largest = 0;      ///< atoms of a frame
    std::vector<int> species;                   ///< distinct atomic numbers, ascending
    std::map<std::string, std::size_t> groups;  ///< frames by group_of() (split.hpp)
    std::string notes;                          ///< which keys gave the labels, for people
};
/// Errors as load(), but no label is missed.
[[nodiscard]] Contents contents(const std::filesystem::path& path, const io::ReadOptions& options, base::LogSink& log);

/// Adds frames already in memory under one source name, with the same checks of missing labels.
void append(FrameSet& set, std::vector<Frame> frames, const std::string& source, const LoadOptions& options);

}  // namespace alkali::dataset
