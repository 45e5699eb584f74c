#include "alkali/dataset/frame_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/dataset/quantum_espresso_files.hpp"
#include "alkali/io/notes.hpp"

namespace alkali::dataset {
namespace {

namespace fs = std::filesystem;

bool known_file(const fs::path& path) {
    try {
        static_cast<void>(io::detect_format(path));
        return true;
    } catch (const InputError&) {
        return false;
    }
}

void add_distinct(std::set<std::string>& names, const std::string& name) {
    if (!name.empty()) names.insert(name);
}

std::string join(const std::set<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

struct Keys {
    std::set<std::string> energy, forces, stress;
    void add(const io::FrameNotes& notes) {
        add_distinct(energy, notes.energy_from);
        add_distinct(forces, notes.forces_from);
        add_distinct(stress, notes.stress_from);
    }
    [[nodiscard]] std::string text() const {
        return fmt::format("energy from {}, forces from {}, stress from {}", join(energy), join(forces), join(stress));
    }
};

[[noreturn]] void fail_missing(const Frame& frame, const std::string& label, const std::string& key, const io::FrameNotes& notes) {
    std::vector<std::string> candidates = notes.unused_columns;
    for (const auto& [name, value] : frame.info) candidates.push_back(name);
    const std::string near = base::did_you_mean(key, candidates);
    std::string hint = near.empty() ? "" : fmt::format("{} (then set {}_key) ", near, label);
    hint += fmt::format("Set data.missing: mask to leave such labels out, or give {} no weight", label);
    throw InputError(fmt::format("the frame has no {}", label), frame.where(), hint);
}

void check_needs(const Frame& frame, const LoadOptions& options, const io::FrameNotes& notes) {
    if (options.missing == Missing::mask) return;
    const auto key = [](const std::string& configured, const char* usual) { return configured.empty() ? std::string(usual) : configured; };
    if (options.needs.energy && !frame.labels.energy) fail_missing(frame, "energy", key(options.read.energy_key, "energy"), notes);
    if (options.needs.forces && !frame.labels.forces) fail_missing(frame, "forces", key(options.read.forces_key, "forces"), notes);
    if (options.needs.stress && !frame.labels.stress && frame.structure.cell.fully_periodic())
        fail_missing(frame, "stress", key(options.read.stress_key, "stress"), notes);
}

}  // namespace

std::vector<fs::path> files_of(const fs::path& path) {
    if (!fs::is_directory(path)) return {path};
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.path().filename() == "type.raw") return {path};
        if (entry.is_regular_file() && known_file(entry.path())) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    take_out_twins(files);
    if (files.empty()) throw InputError("the folder holds no file of a known format", path.string());
    return files;
}

LabelCounts FrameSet::counts() const {
    LabelCounts counts;
    counts.frames = frames.size();
    for (const auto& frame : frames) {
        counts.atoms += frame.structure.size();
        counts.without_energy += frame.labels.energy ? 0 : 1;
        counts.without_forces += frame.labels.forces ? 0 : 1;
        counts.without_stress += frame.labels.stress ? 0 : 1;
    }
    return counts;
}

std::vector<int> FrameSet::species() const {
    std::set<int> species;
    for (const auto& frame : frames) species.insert(frame.structure.numbers.begin(), frame.structure.numbers.end());
    return {species.begin(), species.end()};
}

FrameSet FrameSet::subset(std::span<const std::size_t> which) const {
    FrameSet result;
    result.sources = sources;
    result.notes = notes;
    for (const auto i : which) {
        result.frames.push_back(frames.at(i));
        result.source.push_back(source.at(i));
    }
    return result;
}

std::string describe(const LabelCounts& counts) {
    std::string text = fmt::format("{} frames, {} atoms", counts.frames, counts.atoms), missing;
    const auto add = [&](std::size_t count, const char* label) {
        if (count > 0) missing += fmt::format("{}{} {}", missing.empty() ? "" : ", ", label, count);
    };
    add(counts.without_energy, "energy");
    add(counts.without_forces, "forces");
    add(counts.without_stress, "stress");
    return missing.empty() ? text : text + "; frames without: " + missing;
}

void append(FrameSet& set, std::vector<Frame> frames, const std::string& source, const LoadOptions& options) {
    for (const auto& frame : frames) check_needs(frame, options, {});
    set.sources.push_back(source);
    set.notes.emplace_back();
    for (auto& frame : frames) {
        set.frames.push_back(std::move(frame));
        set.source.push_back(set.sources.size() - 1);
    }
}

FrameSet load(std::span<const fs::path> paths, const LoadOptions& options, base::LogSink& log) {
    FrameSet set;
    for (const auto& path : paths) {
        if (!fs::exists(path)) throw FileError("there is no such file or folder", path.string(), "check the name");
        const std::size_t before = set.frames.size();
        Keys keys;
        io::NoteLog told(log);
        for (const auto& file : files_of(path)) {
            const auto reader = io::open_reader(file, options.read);
            for (Frame frame; reader->next(frame);) {
                const auto notes = reader->notes();
                told.add(frame, notes);
                check_needs(frame, options, notes);
                keys.add(notes);
                set.frames.push_back(std::move(frame));
                set.source.push_back(set.sources.size());
            }
            told.end_file(*reader, file);
        }
        told.require_frames(path);
        set.sources.push_back(path.string());
        set.notes.push_back(keys.text());
        log.info(fmt::format("{}: {} frames; {}", path.string(), set.frames.size() - before, keys.text()));
    }
    const auto counts = set.counts();
    if (options.missing == Missing::mask && (counts.without_energy + counts.without_forces + counts.without_stress) > 0)
        log.warning("missing labels are left out: " + describe(counts));
    return set;
}

}  // namespace alkali::dataset
