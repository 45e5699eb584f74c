#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "alkali/dataset/check.hpp"
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
// Within one file only frames of like volume per atom are compared: up to this part of the median.
constexpr double like_volume = 0.25;
constexpr std::size_t fewest_of_a_zero = 3;
// Frames with about the same room and forces of about the same size, which is a temperature, have about the same energy: up to
// these parts of them, and forces (eV/angstrom) above those of crystals at rest, whose phases differ by more than their noise.
constexpr double same_room = 0.02, same_forces = 0.2, least_forces = 0.02;
// eV/atom between such frames that another zero explains.
constexpr double least_offset = 0.1;
constexpr std::size_t enough_alike = 200;
// Two zeros lie so many times farther apart than the energies of either.
constexpr double clear_gap = 5.0;

struct File {
    std::string name;
    Pointers frames;
};

// angstrom^3; 0 where there is no cell.
double room(const Frame& frame) {
    const auto& cell = frame.structure.cell;
    return cell.fully_periodic() ? cell.volume() / static_cast<double>(frame.structure.size()) : 0.0;
}

double per_atom(const Frame& frame) { return *frame.labels.energy / static_cast<double>(frame.structure.size()); }

// Frames with an energy of condensed matter, or of molecules where all are.
Pointers comparable(std::span<const Frame* const> frames) {
    std::vector<double> rooms;
    for (const auto* frame : frames)
        if (const double r = room(*frame); r > 0) rooms.push_back(r);
    const double most = most_room * math::median(rooms);
    Pointers result;
    for (const auto* frame : frames)
        if (frame->labels.energy && std::isfinite(*frame->labels.energy) && frame->structure.size() > 0 && room(*frame) <= most &&
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

std::set<Composition> compositions(const Pointers& frames) {
    std::set<Composition> all;
    for (const auto* frame : frames) all.insert(composition_of(frame->structure));
    return all;
}

bool share_one(const std::set<Composition>& a, const std::set<Composition>& b) {
    return std::any_of(a.begin(), a.end(), [&](const Composition& each) { return b.contains(each); });
}

// What a change of the atoms' energies makes of the energies per atom, root mean square, eV.
double size_of(const AtomEnergies& change, const Pointers& frames) {
    double sum = 0;
    for (const auto* frame : frames) {
        double energy = 0;
        for (const int number : frame->structure.numbers)
            if (const auto found = change.find(number); found != change.end()) energy += found->second;
        sum += std::pow(energy / static_cast<double>(frame->structure.size()), 2);
    }
    return std::sqrt(sum / static_cast<double>(frames.size()));
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

// Compressed or rare structures of a few frames differ from the rest by more than those of a set do.
double limit_between(const Pointers& base, const Pointers& other, const CheckLimits& limits) {
    const bool few = std::min(base.size(), other.size()) < fewest_of_a_zero;
    return few || !share_one(compositions(base), compositions(other)) ? unlike_sets * limits.energy_zero : limits.energy_zero;
}

// Root mean square of the components, eV/angstrom; 0 where there are none.
double forces_of(const Frame& frame) {
    if (!frame.labels.forces || frame.labels.forces->empty()) return 0;
    double sum = 0;
    for (const auto& force : *frame.labels.forces) sum += force.squaredNorm();
    return std::sqrt(sum / (3 * static_cast<double>(frame.labels.forces->size())));
}

struct Point {
    double room, forces, energy;
};

std::map<Composition, std::vector<Point>> points_of(std::span<const Frame* const> frames) {
    std::map<Composition, std::vector<Point>> points;
    for (const auto* frame : frames) {
        const Point point{room(*frame), forces_of(*frame), per_atom(*frame)};
        if (point.room > 0 && point.forces >= least_forces) points[composition_of(frame->structure)].push_back(point);
    }
    return points;
}

std::vector<double> distances_from(const std::vector<double>& values, double centre) {
    std::vector<double> distances;
    for (const double value : values) distances.push_back(std::abs(value - centre));
    return distances;
}

// By how much frames of `other` lie above those of `base` that are like them in composition, volume and forces, eV/atom; 0 where
// that is no more than their scatter or an error of a calculation explains, or where there are too few of them.
double offset_of_like_frames(std::span<const Frame* const> base, std::span<const Frame* const> other) {
    const auto ours = points_of(base), theirs = points_of(other);
    std::vector<double> offsets, scatter;
    for (const auto& [composition, points] : theirs) {
        const auto found = ours.find(composition);
        if (found == ours.end()) continue;
        const std::size_t stride = std::max<std::size_t>(1, points.size() / enough_alike);
        for (std::size_t k = 0; k < points.size(); k += stride) {
            std::vector<double> energies;
            for (const auto& point : found->second)
                if (std::abs(point.room - points[k].room) <= same_room * points[k].room &&
                    std::abs(point.forces - points[k].forces) <= same_forces * points[k].forces)
                    energies.push_back(point.energy);
            if (energies.empty()) continue;
            const double middle = math::median(energies);
            offsets.push_back(points[k].energy - middle);
            scatter.push_back(math::median(distances_from(energies, middle)));
        }
    }
    if (offsets.size() < fewest_of_a_zero) return 0;
    const double offset = math::median(offsets);
    const double noise = math::sigma_of_mad * std::max(math::median(distances_from(offsets, offset)), math::median(scatter));
    return std::abs(offset) > std::max(least_offset, clear_gap * noise) ? offset : 0;
}

void compare_like_frames(const File& base, const File& other, std::vector<Finding>& findings) {
    const double offset = offset_of_like_frames(base.frames, other.frames);
    if (offset == 0) return;
    findings.push_back(
        {Severity::warning, "energy-zero", other.name,
         fmt::format("its energies lie {:+.3g} eV/atom from those of {} where composition, volume and size of the forces are "
                     "alike: another zero of energy, or another phase; if it is the zero, mix them only with a shift per set "
                     "(data.align_sources: true)",
                     offset, base.name)});
}

void compare_files(const std::vector<File>& files, const CheckLimits& limits, std::vector<Finding>& findings) {
    for (std::size_t s = 1; s < files.size(); ++s) {
        const auto other = of_like_volume(files[s].frames, files[0].frames);
        const auto difference = zero_difference(files[0].frames, other);
        if (size_of(difference, other) < limit_between(files[0].frames, other, limits)) {
            compare_like_frames(files[0], files[s], findings);
            continue;
        }
        std::string list;
        for (const auto& [number, energy] : difference)
            list += fmt::format("{}{:+.3g} eV per {} atom", list.empty() ? "" : ", ", energy, units::symbol(number));
        findings.push_back({Severity::warning, "energy-zero", files[s].name,
                            fmt::format("its energies lie {} from those of {}: another zero of energy; mix them only with a shift per set "
                                        "(data.align_sources: true)",
                                        list, files[0].name)});
    }
}

// Of frames ascending by energy per atom.
double spread(std::span<const Frame* const> frames) { return per_atom(*frames.back()) - per_atom(*frames.front()); }

// Of frames of one composition and like volume: the place of a gap that only another zero explains, or 0.
std::size_t gap_in(std::span<const Frame* const> frames, double least) {
    std::size_t best = 0;
    double widest = least;
    for (std::size_t k = fewest_of_a_zero; k + fewest_of_a_zero <= frames.size(); ++k) {
        const double gap = per_atom(*frames[k]) - per_atom(*frames[k - 1]);
        if (gap > widest) widest = gap, best = k;
    }
    if (best > 0 && widest < clear_gap * std::max(spread(frames.first(best)), spread(frames.subspan(best)))) return 0;
    return best;
}

void look_for_two_zeros(const File& file, const CheckLimits& limits, std::vector<Finding>& findings) {
    std::map<Composition, Pointers> groups;
    for (const auto* frame : file.frames) groups[composition_of(frame->structure)].push_back(frame);
    for (auto& [composition, frames] : groups) {
        std::vector<double> rooms;
        for (const auto* frame : frames) rooms.push_back(room(*frame));
        const double usual = math::median(rooms);
        std::erase_if(frames, [&](const Frame* frame) { return std::abs(room(*frame) - usual) > like_volume * usual; });
        std::stable_sort(frames.begin(), frames.end(), [](const Frame* a, const Frame* b) { return per_atom(*a) < per_atom(*b); });
        const std::size_t gap = gap_in(frames, std::min(least_offset, limits.energy_zero));
        if (gap == 0) continue;
        const auto all = std::span<const Frame* const>(frames);
        if (per_atom(*frames[gap]) - per_atom(*frames[gap - 1]) < limits.energy_zero &&
            offset_of_like_frames(all.first(gap), all.subspan(gap)) == 0)
            continue;
        const bool upper = frames.size() - gap <= gap;  // the smaller part is named
        const auto part = upper ? std::span(frames).subspan(gap) : std::span(frames).first(gap);
        const auto* named = *std::min_element(part.begin(), part.end(), [](const Frame* a, const Frame* b) { return a->index < b->index; });
        const double distance = per_atom(*frames[gap]) - per_atom(*frames[gap - 1]);
        findings.push_back({Severity::warning, "energy-zero", named->where(),
                            fmt::format("{} frames from this one on lie {:.3g} eV/atom {} the {} others of their composition: energies of "
                                        "two zeros in one file; split it and align the parts (data.align_sources: true)",
                                        part.size(), distance, upper ? "above" : "below", frames.size() - part.size())});
    }
}

}  // namespace

void check_energy_zeros(std::span<const Frame* const> frames, const CheckLimits& limits, std::vector<Finding>& findings) {
    const auto files = by_file(comparable(frames));
    compare_files(files, limits, findings);
    for (const auto& file : files) look_for_two_zeros(file, limits, findings);
}

void check_energy_zeros(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    Pointers frames;
    for (const auto& frame : set.frames) frames.push_back(&frame);
    check_energy_zeros(frames, limits, findings);
}

}  // namespace alkali::dataset
