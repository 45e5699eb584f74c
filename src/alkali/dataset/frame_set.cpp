#include "alkali/dataset/frame_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/dataset/check_parts.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/dataset/twins.hpp"
#include "alkali/io/label_names.hpp"

namespace alkali::dataset {
namespace {

namespace fs = std::filesystem;

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
    std::map<std::string, std::size_t> left_out;  // labels of weight 0
    void add(const io::FrameNotes& notes) {
        for (const auto& label : notes.without_weight) ++left_out[label];
        add_distinct(energy, notes.energy_from);
        add_distinct(forces, notes.forces_from);
        add_distinct(stress, notes.stress_from);
    }
    [[nodiscard]] std::string text() const {
        auto text = fmt::format("energy from {}, forces from {}, stress from {}", join(energy), join(forces), join(stress));
        for (const auto& [label, count] : left_out) text += fmt::format("; {} frames give {} no weight", count, label);
        return text;
    }
};

[[noreturn]] void fail_missing(const Frame& frame, io::Quantity quantity, const io::FrameNotes& notes) {
    const auto label = io::to_string(quantity);
    std::string hint;
    for (const auto& warning : notes.warnings) hint += warning + ". ";
    const auto near = io::likely_names(frame, quantity);
    if (!near.empty() && (notes.warnings.empty() || !io::is_name_of(near[0], quantity)))
        hint += fmt::format("did you mean {}? (then set {}_key) ", near[0], label);
    hint += fmt::format("Set data.missing: mask to leave such labels out, or give {} no weight", label);
    throw InputError(fmt::format("the frame has no {}", label), frame.where(), hint);
}

void check_needs(const Frame& frame, const LoadOptions& options, const io::FrameNotes& notes) {
    if (options.missing == Missing::mask) return;
    const auto lacks = [&](bool needed, bool there, io::Quantity quantity) {
        if (needed && !there && !io::leaves_out(notes, io::to_string(quantity))) fail_missing(frame, quantity, notes);
    };
    lacks(options.needs.energy, frame.labels.energy.has_value(), io::Quantity::energy);
    lacks(options.needs.forces, frame.labels.forces.has_value(), io::Quantity::forces);
    lacks(options.needs.stress && frame.structure.cell.fully_periodic(), frame.labels.stress.has_value(), io::Quantity::stress);
}

// Frames of one source whose shear stress is doubtful are named as data check names them.
void warn_of_shear(const FrameSet& set, std::size_t first, base::Repeats& warnings) {
    StressSample sample(CheckLimits{}.stress_sample_bytes);
    for (std::size_t i = first; i < set.frames.size(); ++i) sample.see(0, set.frames[i]);
    std::vector<Finding> findings;
    check_shear(sample.take({set.sources.back()}), {}, findings);
    for (const auto& finding : findings) warnings.add(finding.where, finding.text);
}

// The same data in two files, such as a run's output and what was converted from it, would come into training and
// validation alike.
void warn_of_copies(const FrameSet& set, base::LogSink& log) {
    std::set<std::string> files;
    for (const auto& frame : set.frames) files.insert(frame.source);
    if (files.size() < 2) return;
    const auto same = first_of_the_same(fingerprints_of(set.frames));
    std::size_t copies = 0;
    std::string first;
    for (std::size_t f = 0; f < set.frames.size(); ++f) {
        const auto& frame = set.frames[f];
        const auto& other = set.frames[same[f]];
        if (other.source == frame.source) continue;
        if (copies++ == 0) first = fmt::format("{} and {}", other.where(), frame.where());
    }
    if (copies > 0)
        log.warning(
            fmt::format("{} structures are in more than one file (first: {}): are the data there twice? "
                        "`alkali data check` lists them",
                        copies, first));
}

}  // namespace

void LabelCounts::add(const Frame& frame) {
    ++frames;
    atoms += frame.structure.size();
    without_energy += frame.labels.energy ? 0 : 1;
    without_forces += frame.labels.forces ? 0 : 1;
    without_stress += frame.labels.stress ? 0 : 1;
}

LabelCounts FrameSet::counts() const {
    LabelCounts counts;
    for (const auto& frame : frames) counts.add(frame);
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
    base::Repeats doubtful;
    for (const auto& path : base::matching_paths({paths.begin(), paths.end()})) {
        const std::size_t before = set.frames.size();
        Keys keys;
        const auto reader = open_frames(path, options.read, log);
        for (Frame frame; reader->next(frame);) {
            const auto notes = reader->notes();
            check_needs(frame, options, notes);
            keys.add(notes);
            if (options.keep == Keep::labels) frame.columns.clear();
            set.frames.push_back(std::move(frame));
            set.source.push_back(set.sources.size());
        }
        set.sources.push_back(path.string());
        set.notes.push_back(keys.text());
        log.info(fmt::format("{}: {} frames; {}", path.string(), set.frames.size() - before, keys.text()));
        warn_of_shear(set, before, doubtful);
    }
    doubtful.tell(log);
    warn_of_copies(set, log);
    const auto counts = set.counts();
    if (options.missing == Missing::mask && (counts.without_energy + counts.without_forces + counts.without_stress) > 0)
        log.warning("missing labels are left out: " + describe(counts));
    return set;
}

Contents contents(const fs::path& path, const io::ReadOptions& options, base::LogSink& log) {
    Contents contents;
    Keys keys;
    std::set<int> species;
    const auto reader = open_frames(path, options, log);
    for (Frame frame; reader->next(frame);) {
        keys.add(reader->notes());
        const auto atoms = frame.structure.size();
        contents.smallest = contents.counts.frames == 0 ? atoms : std::min(contents.smallest, atoms);
        contents.largest = std::max(contents.largest, atoms);
        contents.counts.add(frame);
        ++contents.groups[group_of(frame)];
        species.insert(frame.structure.numbers.begin(), frame.structure.numbers.end());
    }
    contents.species.assign(species.begin(), species.end());
    contents.notes = keys.text();
    log.info(fmt::format("{}: {} frames; {}", path.string(), contents.counts.frames, contents.notes));
    return contents;
}

}  // namespace alkali::dataset
