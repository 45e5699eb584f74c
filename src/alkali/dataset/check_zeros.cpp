#include <fmt/format.h>

#include <Eigen/Dense>
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
// Offsets of two compositions are one up to this part of them.
constexpr double same_offset = 0.2;
// Two zeros lie so many times farther apart than the energies of either.
constexpr double clear_gap = 5.0;
// A gap between energies is one of zeros if it is so many robust standard deviations of the energies beside it, and the forces
// there are alike to this factor.
constexpr double robust_gap = 4.0, comparable_forces = 3.0;
// Looks at the energies of a file: as they are, then without what volume and forces explain, better each time.
constexpr int passes = 4;

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

bool can_be_compared(const Point& point) { return point.room > 0 && point.forces >= least_forces; }

std::map<Composition, std::vector<Point>> points_of(std::span<const Frame* const> frames) {
    std::map<Composition, std::vector<Point>> points;
    for (const auto* frame : frames) {
        const Point point{room(*frame), forces_of(*frame), per_atom(*frame)};
        if (can_be_compared(point)) points[composition_of(frame->structure)].push_back(point);
    }
    return points;
}

std::vector<double> distances_from(const std::vector<double>& values, double centre) {
    std::vector<double> distances;
    for (const double value : values) distances.push_back(std::abs(value - centre));
    return distances;
}

// Frames beside those that are like them in volume and forces.
struct LikeFrames {
    std::vector<double> offsets, scatter;  // eV/atom

    void add(const std::vector<Point>& base, const std::vector<Point>& other) {
        const std::size_t stride = std::max<std::size_t>(1, other.size() / enough_alike);
        for (std::size_t k = 0; k < other.size(); k += stride) {
            std::vector<double> energies;
            for (const auto& point : base)
                if (std::abs(point.room - other[k].room) <= same_room * other[k].room &&
                    std::abs(point.forces - other[k].forces) <= same_forces * other[k].forces)
                    energies.push_back(point.energy);
            if (energies.empty()) continue;
            const double middle = math::median(energies);
            offsets.push_back(other[k].energy - middle);
            scatter.push_back(math::median(distances_from(energies, middle)));
        }
    }
    // 0 where it is no more than their scatter or an error of a calculation explains, or where there are too few of them.
    [[nodiscard]] double offset() const {
        if (offsets.size() < fewest_of_a_zero) return 0;
        const double offset = math::median(offsets);
        const double noise = math::sigma_of_mad * std::max(math::median(distances_from(offsets, offset)), math::median(scatter));
        return std::abs(offset) > std::max(least_offset, clear_gap * noise) ? offset : 0;
    }
};

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

// Frames of one composition and like volume, ascending by a value of each, eV/atom.
struct Ordered {
    Pointers frames;
    std::vector<double> values;

    Ordered(const Pointers& all, const std::vector<double>& of_each) {
        for (const std::size_t k : math::ascending(of_each)) {
            frames.push_back(all[k]);
            values.push_back(of_each[k]);
        }
    }
};

// Two parts of frames, ascending, with the gap between them.
struct Parts {
    std::span<const Frame*const> low, high;
    std::span<const double> low_values, high_values;

    Parts(const Ordered& all, std::size_t at)
        : low(std::span(all.frames).first(at)),
          high(std::span(all.frames).subspan(at)),
          low_values(std::span(all.values).first(at)),
          high_values(std::span(all.values).subspan(at)) {}
    [[nodiscard]] double gap() const { return high_values.front() - low_values.back(); }
    [[nodiscard]] double distance() const { return median_energy(high) - median_energy(low); }
    // The larger of the two.
    [[nodiscard]] double range() const {
        return std::max(low_values.back() - low_values.front(), high_values.back() - high_values.front());
    }
    [[nodiscard]] double robust_width() const { return std::max(robust_width_of(low_values), robust_width_of(high_values)); }
    [[nodiscard]] bool comparable_forces_or_none() const {
        const double a = median_forces(low), b = median_forces(high);
        return a == 0 || b == 0 || std::max(a, b) <= comparable_forces * std::min(a, b);
    }
    [[nodiscard]] double offset_of_like_frames() const {
        LikeFrames alike;
        alike.add(points(low, low_values), points(high, high_values));
        return alike.offset();
    }

private:
    static std::vector<Point> points(std::span<const Frame* const> frames, std::span<const double> values) {
        std::vector<Point> all;
        for (std::size_t k = 0; k < frames.size(); ++k)
            if (const Point point{room(*frames[k]), forces_of(*frames[k]), values[k]}; can_be_compared(point)) all.push_back(point);
        return all;
    }
    static double median_energy(std::span<const Frame* const> frames) {
        std::vector<double> energies;
        for (const auto* frame : frames) energies.push_back(per_atom(*frame));
        return math::median(std::move(energies));
    }
    static double median_forces(std::span<const Frame* const> frames) {
        std::vector<double> forces;
        for (const auto* frame : frames) forces.push_back(forces_of(*frame));
        return math::median(std::move(forces));
    }
    static double robust_width_of(std::span<const double> values) {
        const std::vector<double> all(values.begin(), values.end());
        return math::sigma_of_mad * math::median(distances_from(all, math::median(all)));
    }
};

// The place of the widest gap with enough frames on either side; 0 where there are too few.
std::size_t widest_gap(const std::vector<double>& values) {
    std::size_t best = 0;
    for (std::size_t k = fewest_of_a_zero; k + fewest_of_a_zero <= values.size(); ++k)
        if (best == 0 || values[k] - values[k - 1] > values[best] - values[best - 1]) best = k;
    return best;
}

// Whether only another zero explains the gap: it is wide beside all energies of either part, or beside most of them where forces
// are of one size, or like frames show it.
bool are_two_zeros(const Parts& parts, const CheckLimits& limits) {
    if (parts.gap() >= limits.energy_zero && parts.gap() >= clear_gap * parts.range()) return true;
    if (parts.gap() < robust_gap * parts.robust_width()) return false;
    const bool far = parts.gap() >= 0.5 * limits.energy_zero && parts.distance() >= limits.energy_zero;
    return (far && parts.comparable_forces_or_none()) || parts.offset_of_like_frames() != 0;
}

std::vector<double> energies_of(const Pointers& frames) {
    std::vector<double> energies;
    for (const auto* frame : frames) energies.push_back(per_atom(*frame));
    return energies;
}

// What a smooth function of volume and size of the forces, which thermal and elastic energies are, leaves of the energies; an offset
// of those on the upper zero (1, others 0) is fitted beside it and stays.
std::vector<double> without_smooth_part(const Pointers& frames, const Eigen::VectorXd& upper) {
    const auto rows = static_cast<Eigen::Index>(frames.size());
    Eigen::MatrixXd columns(rows, 6);
    Eigen::VectorXd energies(rows);
    const double usual_room = room(*frames.front());
    for (Eigen::Index k = 0; k < rows; ++k) {
        const auto& frame = *frames[static_cast<std::size_t>(k)];
        const double v = usual_room > 0 ? room(frame) / usual_room - 1 : 0, f = forces_of(frame);
        columns.row(k) << 1, v, v * v, f, f * f, upper[k];
        energies[k] = per_atom(frame);
    }
    Eigen::VectorXd solution = columns.colPivHouseholderQr().solve(energies);
    solution[5] = 0;
    const Eigen::VectorXd left = energies - columns * solution;
    return {left.begin(), left.end()};
}

std::string distance_of(const Parts& parts, bool upper) {
    const auto part = upper ? parts.high : parts.low, rest = upper ? parts.low : parts.high;
    return fmt::format("{} frames from this one on lie {:.3g} eV/atom {} the {} others of their composition", part.size(),
                       std::abs(parts.distance()), upper ? "above" : "below", rest.size());
}

void name_two_zeros(const Parts& parts, std::vector<Finding>& findings) {
    const bool upper = parts.high.size() <= parts.low.size();  // the smaller part is named
    const auto part = upper ? parts.high : parts.low;
    const auto* named = *std::min_element(part.begin(), part.end(), [](const Frame* a, const Frame* b) { return a->index < b->index; });
    findings.push_back({Severity::warning, "energy-zero", named->where(),
                        distance_of(parts, upper) +
                            ": energies of two zeros in one file, or of two phases; if it is the zero, split it and align the parts "
                            "(data.align_sources: true)"});
}

void look_for_two_zeros(const File& file, const CheckLimits& limits, std::vector<Finding>& findings) {
    std::map<Composition, Pointers> groups;
    for (const auto* frame : file.frames) groups[composition_of(frame->structure)].push_back(frame);
    for (auto& [composition, frames] : groups) {
        std::vector<double> rooms;
        for (const auto* frame : frames) rooms.push_back(room(*frame));
        const double usual = math::median(rooms);
        std::erase_if(frames, [&](const Frame* frame) { return std::abs(room(*frame) - usual) > like_volume * usual; });
        if (frames.size() < 2 * fewest_of_a_zero) continue;
        Eigen::VectorXd upper = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(frames.size()));
        for (int pass = 0; pass < passes; ++pass) {
            const auto values = pass == 0 ? energies_of(frames) : without_smooth_part(frames, upper);
            const Ordered all(frames, values);
            const Parts parts(all, widest_gap(all.values));
            if (are_two_zeros(parts, limits)) {
                name_two_zeros(parts, findings);
                break;
            }
            if (pass == 0) continue;
            for (std::size_t k = 0; k < values.size(); ++k)
                upper[static_cast<Eigen::Index>(k)] = values[k] >= parts.high_values.front() ? 1 : 0;
        }
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
