#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/io/deepmd.hpp"
#include "alkali/io/extxyz.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/notes.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"

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
         write_extxyz},
        {"deepmd",
         {"*/"},
         "folder of deepmd-kit: type.raw, set.*/*.npy; virial = -stress x volume in eV",
         Holds::labels,
         nullptr,
         open_deepmd,
         write_deepmd},
        {"vasprun", {"*vasprun*.xml"}, "VASP's vasprun.xml, every ionic step; free energy", Holds::labels, open_vasprun, nullptr, nullptr},
        {"outcar", {"*OUTCAR*"}, "VASP's OUTCAR, every ionic step; free energy", Holds::labels, open_outcar, nullptr, nullptr},
        {"poscar",
         {"POSCAR*", "CONTCAR*", "*.poscar", "*.vasp"},
         "VASP's POSCAR: one structure, no labels",
         Holds::structure,
         open_poscar,
         nullptr,
         write_poscar},
        {"lammps-data",
         {"*.lmp", "*.data", "data.*", "*.lammps-data"},
         "LAMMPS data, atom style atomic, units metal: one structure",
         Holds::structure,
         open_lammps_data,
         nullptr,
         write_lammps_data},
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

const Format& find_format(const std::filesystem::path& path, const std::string& name) {
    if (!name.empty()) return by_name(name);
    if (std::filesystem::is_directory(path)) {
        for (const auto& format : table())
            if (format.open_folder != nullptr) return format;
    }
    // A name ending in a slash means a folder that is to be written.
    const auto leaf = path.has_filename() ? path.filename().string() : path.parent_path().filename().string() + "/";
    for (const auto& format : table())
        for (const auto& pattern : format.patterns)
            if (matches(pattern, leaf)) return format;
    std::vector<std::string> names;
    throw InputError(
        "the name does not tell the file's format", path.string(),
        fmt::format("rename it, or say which format (--format for an input, --to for the output of data convert): {}", known_names(names)));
}

FormatInfo info_of(const Format& format) {
    return {format.name,
            format.patterns,
            format.open_stream != nullptr || format.open_folder != nullptr,
            format.write != nullptr,
            format.open_folder != nullptr ? Access::folder : Access::stream,
            format.holds,
            format.help};
}

}  // namespace

std::vector<FormatInfo> formats() {
    std::vector<FormatInfo> infos;
    for (const auto& format : table()) infos.push_back(info_of(format));
    return infos;
}

std::string formats_help() {
    std::string text;
    for (const auto& info : formats()) {
        std::string patterns;
        for (const auto& pattern : info.patterns) patterns += (patterns.empty() ? "" : " ") + pattern;
        text += fmt::format("  {:<12} {:<5} {:<28} {}\n", info.name,
                            info.reads && info.writes ? "r/w"
                            : info.reads              ? "r"
                                                      : "w",
                            patterns, info.help);
    }
    return text;
}

FormatInfo format_info(const std::filesystem::path& path, const std::string& name) { return info_of(find_format(path, name)); }

std::string detect_format(const std::filesystem::path& path) { return find_format(path, {}).name; }

std::unique_ptr<FrameReader> open_reader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    const auto& format = find_format(source, options.format);
    if (format.open_stream == nullptr) throw InputError(fmt::format("{} cannot be read from a stream", format.name), source);
    return format.open_stream(std::move(stream), source, options);
}

std::unique_ptr<FrameReader> open_reader(const std::filesystem::path& path, const ReadOptions& options) {
    if (!std::filesystem::exists(path)) throw FileError("there is no such file or folder", path.string(), "check the name");
    const auto& format = find_format(path, options.format);
    if (format.open_folder != nullptr) return format.open_folder(path, options);
    if (format.open_stream == nullptr) throw InputError(fmt::format("{} files can be written, not read", format.name), path.string());
    if (std::filesystem::is_directory(path)) throw FileError(fmt::format("is a folder, {} is a file", format.name), path.string());
    auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (!*stream) throw FileError("cannot be read", path.string(), "check the permissions");
    return format.open_stream(std::move(stream), path.string(), options);
}

std::unique_ptr<FrameWriter> open_writer(const std::filesystem::path& path, const WriteOptions& options) {
    const auto& format = find_format(path, options.format);
    if (format.write == nullptr) throw InputError(fmt::format("{} files can be read, not written", format.name), path.string());
    return format.write(path, options);
}

std::vector<Frame> read_frames(const std::filesystem::path& path, const ReadOptions& options, base::LogSink* log) {
    const auto reader = open_reader(path, options);
    base::NullSink none;
    NoteLog notes(log != nullptr ? *log : none);
    std::vector<Frame> frames;
    for (Frame frame; reader->next(frame);) {
        notes.add(frame, reader->notes());
        frames.push_back(std::move(frame));
    }
    notes.end_file(*reader, path);
    notes.require_frames(path);
    return frames;
}

void write_frames(const std::filesystem::path& path, std::span<const Frame> frames, const WriteOptions& options) {
    const auto writer = open_writer(path, options);
    for (const auto& frame : frames) writer->write(frame);
    writer->close();
}

}  // namespace alkali::io
