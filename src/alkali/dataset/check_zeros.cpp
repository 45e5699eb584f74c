#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "alkali/dataset/like_frames.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::dataset {
namespace {

using Pointers = std::vector<const Frame*>;

// Energies of files without a common composition also differ by formation energies: so many times the limit.
constexpr double unlike_sets = 5.0;
// Frames with more room per atom than this times the median (isolated atoms, molecules in boxes) are left out.
constexpr double most_room = 2.0;
// Offsets of two compositions are one up to this part of them.
constexpr double same_offset = 0.2;

struct File {
    std::string name;
    Pointers frames;
};

bool has_finite_labels(const Frame& frame) {
    const auto& labels = frame.labels;
    return std::isfinite(*labels.energy) && (!labels.forces || std::all_of(labels.forces->begin(), labels.forces->end(),
                                                                           [](const auto& force) { return force.allFinite(); }));
}

// Frames with an energy of condensed matter, or of molecules where all are.
Pointers comparable(std::span<const Frame* const> frames) {
    std::vector<double> rooms;
    for (const auto* frame : frames)
        if (const double r = room(*frame); r > 0) rooms.push_back(r);
    const double most = most_room * math::median(rooms);
    Pointers result;
    for (const auto* frame : frames)
        if (frame->labels.energy && has_finite_labels(*frame) && frame->structure.size() > 0 && room(*frame) <= most &&
            (frame->structure.size() > 1 || room(*frame) > 0))
            result.push_back(frame);
    return result;
}

// Ordered by size, the largest first: its zero is that of the set.
std::vector<File> by_file(const Pointers& frames) {
    std::vector<File> files;
    std::map<std::string, std::size_t> number;
    for (const auto* frame : frames) {
        const auto [found, is_new] = number.try_emplace(frame->source, files.size());
        if (is_new) files.push_back({frame->source, {}});
        files[found->second].frames.push_back(frame);
    }
    std::stable_sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.frames.size() > b.frames.size(); });
    return files;
}

struct Change {
    double energy = 0;  // per atom
    std::size_t frames = 0;
};

std::set<Composition> compositions(const Pointers& frames) {
    std::set<Composition> all;
    for (const auto* frame : frames) all.insert(composition_of(frame->structure));
    return all;
}

// What a change of the atoms' energies makes of the energies per atom of each composition, eV.
std::map<Composition, Change> changes_of(const AtomEnergies& change, const Pointers& frames) {
    std::map<Composition, Change> changes;
    for (const auto* frame : frames) {
        auto& entry = changes[composition_of(frame->structure)];
        if (entry.frames++ > 0) continue;
        for (const int number : frame->structure.numbers)
            if (const auto found = change.find(number); found != change.end()) entry.energy += found->second;
        entry.energy /= static_cast<double>(frame->structure.size());
    }
    return changes;
}

// Those with about the room per atom that some of `base` have; all where these are too few to tell.
Pointers of_like_volume(const Pointers& frames, const Pointers& base) {
    const auto narrower = [](const Frame* a, const Frame* b) { return room(*a) < room(*b); };
    const auto [least, most] = std::minmax_element(base.begin(), base.end(), narrower);
    const double low = (1 - like_volume) * room(**least), high = (1 + like_volume) * room(**most);
    Pointers like;
    for (const auto* frame : frames)
        if (room(*frame) >= low && room(*frame) <= high) like.push_back(frame);
    return like.size() >= fewest_of_a_zero ? like : frames;
}

// Of all frames together, or of those of one composition. Compressed or rare structures of a few frames differ from the rest by
// more than those of a set do.
bool is_another_zero(const std::map<Composition, Change>& changes, const Pointers& base, const CheckLimits& limits) {
    const auto known = compositions(base);
    double sum = 0;
    std::size_t frames = 0;
    bool shared = false, one = false;
    for (const auto& [composition, change] : changes) {
        const bool holds = known.contains(composition);
        sum += static_cast<double>(change.frames) * change.energy * change.energy;
        frames += change.frames;
        shared = shared || holds;
        one = one || (holds && std::min(base.size(), change.frames) >= fewest_of_a_zero && std::abs(change.energy) >= limits.energy_zero);
    }
    const bool few = std::min(base.size(), frames) < fewest_of_a_zero;
    const double limit = few || !shared ? unlike_sets * limits.energy_zero : limits.energy_zero;
    return one || std::sqrt(sum / static_cast<double>(frames)) >= limit;
}

std::map<Composition, std::vector<Point>> points_of(std::span<const Frame* const> frames) {
    std::map<Composition, std::vector<Point>> points;
    for (const auto* frame : frames) {
        const Point point{room(*frame), forces_of(*frame), per_atom(*frame)};
        if (can_be_compared(point)) points[composition_of(frame->structure)].push_back(point);
    }
    return points;
}

struct Offset {
    double energy;            // eV/atom
    Composition composition;  // empty: of all
};

bool are_alike(const std::vector<Offset>& offsets) {
    const auto [least, most] =
        std::minmax_element(offsets.begin(), offsets.end(), [](const Offset& a, const Offset& b) { return a.energy < b.energy; });
    return most->energy - least->energy <= same_offset * std::max(std::abs(least->energy), std::abs(most->energy));
}

// By how much frames of `other` lie above those of `base` that are like them in composition, volume and forces: one composition
// at a time, and of all together where all agree or none has enough of them.
std::vector<Offset> offsets_of_like_frames(std::span<const Frame* const> base, std::span<const Frame* const> other) {
    const auto ours = points_of(base), theirs = points_of(other);
    LikeFrames all;
    std::vector<Offset> offsets;
    std::size_t judged = 0;
    for (const auto& [composition, points] : theirs) {
        const auto found = ours.find(composition);
        if (found == ours.end()) continue;
        LikeFrames one;
        one.add(found->second, points);
        judged += one.offsets.size() >= fewest_of_a_zero ? 1 : 0;
        if (const double offset = one.offset(); offset != 0) offsets.push_back({offset, composition});
        all.offsets.insert(all.offsets.end(), one.offsets.begin(), one.offsets.end());
        all.scatter.insert(all.scatter.end(), one.scatter.begin(), one.scatter.end());
    }
    const double offset = all.offset();
    const bool of_all = offset != 0 && offsets.size() == judged && (offsets.empty() || are_alike(offsets));
    return of_all ? std::vector<Offset>{{offset, {}}} : offsets;
}

std::string listed(const std::vector<Offset>& offsets) {
    constexpr std::size_t most = 3;
    std::string text;
    for (std::size_t k = 0; k < std::min(most, offsets.size()); ++k) {
        std::string formula;
        for (const auto& [number, count] : offsets[k].composition)
            formula += std::string(units::symbol(number)) + (count > 1 ? std::to_string(count) : "");
        text += fmt::format("{}{:+.3g} eV/atom{}", k > 0 ? ", " : "", offsets[k].energy, formula.empty() ? "" : " (" + formula + ")");
    }
    return text + (offsets.size() > most ? fmt::format(", and so on for {} more compositions,", offsets.size() - most) : "");
}

void compare_like_frames(const File& base, const File& other, std::vector<Finding>& findings) {
    const auto offsets = offsets_of_like_frames(base.frames, other.frames);
    if (offsets.empty()) return;
    findings.push_back({Severity::warning, "energy-zero", other.name,
                        fmt::format("its energies lie {} from those of {} where composition, volume and size of the forces are "
                                    "alike: another zero of energy, or another phase; if it is the zero, mix them only with a shift per "
                                    "set (data.align_sources: true)",
                                    listed(offsets), base.name)});
}

void compare_files(const std::vector<File>& files, const CheckLimits& limits, std::vector<Finding>& findings) {
    for (std::size_t s = 1; s < files.size(); ++s) {
        const auto other = of_like_volume(files[s].frames, files[0].frames);
        const auto difference = zero_difference(files[0].frames, other);
        if (!is_another_zero(changes_of(difference, other), files[0].frames, limits)) {
            compare_like_frames(files[0], files[s], findings);
            continue;
        }
        std::string list;
        for (const auto& [number, energy] : difference)
            if (energy != 0) list += fmt::format("{}{:+.3g} eV per {} atom", list.empty() ? "" : ", ", energy, units::symbol(number));
        findings.push_back({Severity::warning, "energy-zero", files[s].name,
                            fmt::format("its energies lie {} from those of {}: another zero of energy; mix them only with a shift per set "
                                        "(data.align_sources: true)",
                                        list, files[0].name)});
    }
}

}  // namespace

void check_energy_zeros(std::span<const Frame* const> frames, const CheckLimits& limits, std::vector<Finding>& findings) {
    const auto files = by_file(comparable(frames));
    compare_files(files, limits, findings);
    for (const auto& file : files) look_for_two_zeros(file.frames, limits, findings);
}

void check_energy_zeros(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    Pointers frames;
    for (const auto& frame : set.frames) frames.push_back(&frame);
    check_energy_zeros(frames, limits, findings);
}

}  // namespace alkali::dataset
