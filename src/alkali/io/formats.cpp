#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bitset>
#include <fstream>
#include <functional>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/base/temporary.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/deepmd.hpp"
#include "alkali/io/extxyz.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/lammps_styles.hpp"
#include "alkali/io/notes.hpp"
#include "alkali/io/quantum_espresso.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

using OpenStream = std::unique_ptr<FrameReader> (*)(std::unique_ptr<std::istream>, const std::string&, const ReadOptions&);
using OpenFolder = std::unique_ptr<FrameReader> (*)(const std::filesystem::path&, const ReadOptions&);
using Write = std::unique_ptr<FrameWriter> (*)(const std::filesystem::path&, const WriteOptions&);

struct Format {
    std::string name;
    std::vector<std::string> patterns;
    std::string help;
    Holds holds;
    OpenStream open_stream;
    OpenFolder open_folder;
    Write write;
    Abilities abilities = {};
    bool (*content)(std::string_view beginning) = nullptr;  ///< where names are common: whether a file that begins so is of it
};

// One entry per format; recognised in this order.
const std::vector<Format>& table() {
    static const std::vector<Format> formats{
        {"extxyz",
         {"*.extxyz", "*.xyz"},
         "extended XYZ as ASE writes it; stress in eV/angstrom^3, positive in tension",
         Holds::labels,
         open_extxyz,
         nullptr,
         write_extxyz,
         {Frames::many, Boundaries::each, true, {}}},
        {"deepmd",
         {"*/"},
         "folder of deepmd-kit: type.raw, set.*/*.npy or *.raw; virial = -stress x volume in eV",
         Holds::labels,
         nullptr,
         open_deepmd,
         write_deepmd,
         {Frames::many, Boundaries::all, false, {}}},
        {"vasprun",
         {"*vasprun*.xml", "*vasprun.xml.*", "*vasprun.xml-*"},
         "VASP's vasprun.xml, every converged ionic step; free energy",
         Holds::labels,
         open_vasprun,
         nullptr,
         nullptr,
         {Frames::many, Boundaries::periodic, false, {}}},
        {"qe-output",
         {"*.out", "*.pwo", "*.log", "*.pw"},
         "text that pw.x of Quantum ESPRESSO prints, every ionic step; the ! energy",
         Holds::labels,
         open_qe_output,
         nullptr,
         nullptr,
         {Frames::many, Boundaries::periodic, false, {}},
         is_qe_output},
        {"qe-xml",
         {"*.xml"},
         "XML of pw.x (PREFIX.xml, data-file-schema.xml); stress of the last step only",
         Holds::labels,
         open_qe_xml,
         nullptr,
         nullptr,
         {Frames::many, Boundaries::periodic, false, {}},
         is_qe_xml},
        {"outcar",
         {"*OUTCAR*"},
         "VASP's OUTCAR, every converged ionic step; free energy",
         Holds::labels,
         open_outcar,
         nullptr,
         nullptr,
         {Frames::many, Boundaries::periodic, false, {}}},
        {"poscar",
         {"POSCAR*", "CONTCAR*", "*.poscar", "*.vasp"},
         "VASP's POSCAR: one structure, no labels",
         Holds::structure,
         open_poscar,
         nullptr,
         write_poscar,
         {Frames::one, Boundaries::periodic, false, {}}},
        {"lammps-data",
         {"*.lmp", "*.data", "data.*", "*.lammps-data"},
         "LAMMPS data, units metal: one structure; written in atom style atomic",
         Holds::structure,
         open_lammps_data,
         nullptr,
         write_lammps_data,
         {Frames::one, Boundaries::periodic, false, lammps_style_names()}},
        {"lammps-dump",
         {"*.dump", "dump.*", "*.lammpstrj"},
         "LAMMPS dump (custom), units metal; forces",
         Holds::forces,
         open_lammps_dump,
         nullptr,
         write_lammps_dump},
    };
    return formats;
}

std::string known_names(std::vector<std::string>& names) {
    std::string text;
    for (const auto& format : table()) {
        names.push_back(format.name);
        text += (text.empty() ? "" : ", ") + format.name;
    }
    return text;
}

const Format& by_name(const std::string& name) {
    for (const auto& format : table())
        if (format.name == name) return format;
    std::vector<std::string> names;
    const std::string all = known_names(names);
    throw InputError(fmt::format("unknown file format '{}'", name), {},
                     fmt::format("known are {} {}", all, base::did_you_mean(name, names)));
}

/// The first part of what a file holds, as far as it can be read.
std::string beginning_of(const std::filesystem::path& path) {
    std::string text(1 << 16, '\0');
    std::streamsize got = 0;
    try {
        const auto content = open_content(path);
        content->read(text.data(), static_cast<std::streamsize>(text.size()));
        got = content->gcount();
    } catch (const FileError&) {  // told when its frames are read
    }
    text.resize(static_cast<std::size_t>(got));
    return text;
}

bool fits(const Format& format, const std::filesystem::path& path, const std::string& leaf) {
    const bool named = std::ranges::any_of(format.patterns, [&](const auto& pattern) { return matches(pattern, leaf); });
    if (!named || format.content == nullptr) return named;
    return std::filesystem::is_regular_file(path) && format.content(beginning_of(path));
}

const Format& find_format(const std::filesystem::path& path, const std::string& name) {
    if (!name.empty()) return by_name(name);
    if (std::filesystem::is_directory(path)) {
        for (const auto& format : table())
            if (format.open_folder != nullptr) return format;
    }
    // A name ending in a slash means a folder that is to be written.
    const auto leaf = path.has_filename() ? without_compression(path.filename().string()) : path.parent_path().filename().string() + "/";
    if (matches("*.tar", leaf) || matches("*.tgz", leaf) || matches("*.txz", leaf))
        throw InputError("is an archive", path.string(), "unpack it first: tar xf " + path.filename().string());
    if (matches("*XDATCAR*", leaf) && !matches("*.*xyz", leaf))
        throw InputError("is an XDATCAR, which holds positions without energies and forces", path.string(),
                         "read the run's vasprun.xml or OUTCAR");
    for (const auto& format : table())
        if (fits(format, path, leaf)) return format;
    std::vector<std::string> names;
    throw InputError(
        "the name does not tell the file's format", path.string(),
        fmt::format("rename it, or say which format (--format for an input, --to for the output of data convert; / behind the name of a "
                    "deepmd folder): {}",
                    known_names(names)));
}

FormatInfo info_of(const Format& format) {
    return {format.name,
            format.patterns,
            format.open_stream != nullptr || format.open_folder != nullptr,
            format.write != nullptr,
            format.open_folder != nullptr ? Access::folder : Access::stream,
            format.holds,
            format.help,
            format.abilities};
}

/// The frames of a file. A fault of the file itself rather than of a frame (a damaged compressed file) gets the number of the frame
/// it was met in and ends reading.
class FileFrames final : public FrameReader {
public:
    FileFrames(const Format& format, const std::filesystem::path& path, const ReadOptions& options) : path_(path.string()) {
        auto content = open_content(path);
        content_ = content.get();
        for (const auto& name : options.type_names)
            if (units::is_symbol(name)) named_[static_cast<std::size_t>(units::atomic_number(name))] = true;
        type_names_ = options.type_names;
        reader_ = format.open_stream(std::move(content), path_, options);
    }

    bool next(Frame& frame) override {
        if (lost_) return false;
        try {
            if (reader_->next(frame)) {
                ++frames_;
                require_named(frame);
                return true;
            }
            // What follows the last frame is read too, so that a wrong check sum does not pass.
            content_->clear();
            content_->ignore(longest_rest);
            return false;
        } catch (const FileError& error) {
            ++frames_;
            if (!content_->bad() && !error.where().empty()) throw;
            lost_ = true;
            Place{path_, frames_ - 1}.fail(error.fault(), error.hint());
        }
    }

    FrameNotes notes() const override { return reader_->notes(); }

private:
    /// Names given for types stand beside what a file names itself: another element is a contradiction.
    void require_named(const Frame& frame) const {
        if (type_names_.empty()) return;
        const auto& numbers = frame.structure.numbers;
        const auto other = std::ranges::find_if(numbers, [&](int number) { return !named_[static_cast<std::size_t>(number)]; });
        if (other == numbers.end()) return;
        Place{frame.source, frame.index}.fail(fmt::format("atom {} is {} in the file, and the type names given are {}",
                                                          other - numbers.begin() + 1, units::symbol(*other), fmt::join(type_names_, ", ")),
                                              "the elements that a file names are used: correct the type names, or leave them out");
    }

    static constexpr std::streamsize longest_rest = 64 << 20;

    std::string path_;
    std::istream* content_ = nullptr;  ///< owned by reader_
    std::unique_ptr<FrameReader> reader_;
    std::vector<std::string> type_names_;
    std::bitset<256> named_;  ///< by atomic number
    std::size_t frames_ = 0;
    bool lost_ = false;
};

/// Frames are written uncompressed beside the target and compressed at the end.
class CompressedFrames final : public FrameWriter {
public:
    CompressedFrames(const Format& format, const std::filesystem::path& target, const WriteOptions& options)
        : target_(target), file_(target), folder_(target), writer_(format.write(folder_.path() / plain, options)) {}

    void write(const Frame& frame) override { writer_->write(frame); }
    void close() override {
        writer_->close();
        const auto content = open_content(folder_.path() / plain);
        compress(*content, file_.stream(), compression_by_name(target_), target_.string());
        file_.commit();
    }

private:
    static constexpr const char* plain = "plain";

    std::filesystem::path target_;
    base::AtomicFile file_;
    base::StagingFolder folder_;
    std::unique_ptr<FrameWriter> writer_;
};

std::string letters(Holds holds) { return holds == Holds::labels ? "EFS" : holds == Holds::forces ? "F" : "-"; }
std::string access_of(const FormatInfo& info) { return info.reads && info.writes ? "r/w" : info.reads ? "r" : "w"; }
std::string escaped(std::string text) {
    for (std::size_t at = 0; (at = text.find('*', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
    return text;
}
const char* yes(bool has) { return has ? "yes" : ""; }
const char* text_of(Boundaries boundaries) {
    return boundaries == Boundaries::each ? "each direction" : boundaries == Boundaries::all ? "all or none" : "";
}

// Leaves out frames that cannot be read.
class LenientReader final : public FrameReader {
public:
    explicit LenientReader(std::unique_ptr<FrameReader> reader) : reader_(std::move(reader)) {}

    bool next(Frame& frame) override {
        left_out_.clear();
        for (;;) {
            try {
                return !stuck_ && reader_->next(frame);
            } catch (const FileError& error) {
                // A reader that cannot go on repeats itself.
                stuck_ = !left_out_.empty() && left_out_.back().where == error.where();
                if (stuck_)
                    left_out_.back().why += "; nothing behind it is read";
                else
                    left_out_.push_back({error.where(), error.fault()});
            }
        }
    }

    FrameNotes notes() const override {
        auto notes = reader_->notes();
        notes.left_out.insert(notes.left_out.begin(), left_out_.begin(), left_out_.end());
        return notes;
    }

private:
    std::unique_ptr<FrameReader> reader_;
    std::vector<LeftOut> left_out_;
    bool stuck_ = false;
};

std::unique_ptr<FrameReader> heed(std::unique_ptr<FrameReader> reader, const ReadOptions& options) {
    if (options.unreadable == Unreadable::error) return reader;
    return std::make_unique<LenientReader>(std::move(reader));
}

}  // namespace

std::vector<FormatInfo> formats() {
    std::vector<FormatInfo> infos;
    for (const auto& format : table()) infos.push_back(info_of(format));
    return infos;
}

std::string formats_help() {
    std::string text;
    for (const auto& info : formats())
        text += fmt::format("  {:<12} {:<4} {:<4} {:<5} {:<38} {}\n", info.name, access_of(info), letters(info.holds),
                            info.abilities.frames == Frames::many ? "many" : "one", fmt::format("{}", fmt::join(info.patterns, " ")),
                            info.help);
    return text + fmt::format(
                      "r: read, w: written; E, F, S: energy, forces, stress; one or many frames; names. Files may be compressed ({}):\n"
                      ".gz, .xz or .zst follows the name then. docs/guide/files.md tells more.\n",
                      fmt::join(compressions(), ", "));
}

std::string formats_markdown() {
    std::string text =
        "| format | file names | read | written | energy, stress | forces | frames | open boundaries | further columns | what |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n";
    for (const auto& info : formats()) {
        std::string names, help = info.help;
        for (const auto& pattern : info.patterns) names += fmt::format("{}`{}`", names.empty() ? "" : " ", pattern);
        if (!info.abilities.atom_styles.empty()) help += fmt::format("; atom styles read: {}", fmt::join(info.abilities.atom_styles, ", "));
        text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", info.name, names, yes(info.reads), yes(info.writes),
                            yes(info.holds == Holds::labels), yes(info.holds != Holds::structure),
                            info.abilities.frames == Frames::many ? "many" : "one", text_of(info.abilities.boundaries),
                            yes(info.abilities.columns), escaped(help));
    }
    return text;
}

FormatInfo format_info(const std::filesystem::path& path, const std::string& name) { return info_of(find_format(path, name)); }

std::string detect_format(const std::filesystem::path& path) { return find_format(path, {}).name; }

std::string output_format(const std::filesystem::path& path) {
    const auto leaf = path.filename().string();
    if (!leaf.empty() && leaf != "." && leaf != ".." && leaf.find('.') == std::string::npos && !std::filesystem::exists(path)) {
        for (const auto& format : table())
            for (const auto& pattern : format.patterns)
                if (matches(pattern, leaf)) return format.name;
        for (const auto& format : table())
            if (format.open_folder != nullptr && format.write != nullptr) return format.name;
    }
    return detect_format(path);
}

std::unique_ptr<FrameReader> open_reader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    const auto& format = find_format(source, options.format);
    if (format.open_stream == nullptr) throw InputError(fmt::format("{} cannot be read from a stream", format.name), source);
    return heed(format.open_stream(std::move(stream), source, options), options);
}

std::unique_ptr<FrameReader> open_reader(const std::filesystem::path& path, const ReadOptions& options) {
    if (!std::filesystem::exists(path)) throw FileError("there is no such file or folder", path.string(), "check the name");
    const auto& format = find_format(path, options.format);
    if (format.open_folder != nullptr) return heed(format.open_folder(path, options), options);
    if (format.open_stream == nullptr) throw InputError(fmt::format("{} files can be written, not read", format.name), path.string());
    if (std::filesystem::is_directory(path)) throw FileError(fmt::format("is a folder, {} is a file", format.name), path.string());
    return heed(std::make_unique<FileFrames>(format, path, options), options);
}

std::unique_ptr<FrameWriter> open_writer(const std::filesystem::path& path, const WriteOptions& options) {
    const auto& format = find_format(path, options.format);
    if (format.write == nullptr) throw InputError(fmt::format("{} files can be read, not written", format.name), path.string());
    const auto compression = compression_by_name(path);
    require_compression(compression, path);
    if (compression == Compression::none) return format.write(path, options);
    if (format.open_folder != nullptr) throw InputError("a folder cannot be compressed", path.string(), "choose a name without .gz");
    return std::make_unique<CompressedFrames>(format, path, options);
}

std::vector<Frame> read_frames(const std::filesystem::path& path, const ReadOptions& options) {
    const auto reader = open_reader(path, options);
    base::NullSink unheard;
    NoteLog notes(unheard);
    std::vector<Frame> frames;
    for (Frame frame; reader->next(frame);) {
        notes.add(frame, reader->notes());
        frames.push_back(std::move(frame));
    }
    notes.end_file(*reader);
    notes.end_path(path);
    return frames;
}

void write_frames(const std::filesystem::path& path, std::span<const Frame> frames, const WriteOptions& options) {
    const auto writer = open_writer(path, options);
    for (const auto& frame : frames) writer->write(frame);
    writer->close();
}

}  // namespace alkali::io
