#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::dataset {
namespace {

constexpr std::size_t farthest_partner = 64;  ///< each frame is compared with those 1, 2, 4, ... places on by volume
constexpr double most_strain = 0.15;          ///< beyond it the trapezoid rule is too coarse
constexpr double most_displacement = 0.3;     ///< angstrom, as well
constexpr double least_strain = 3e-3;         ///< below it the stress does too little work to be seen
constexpr std::size_t fewest_pairs = 4;
constexpr double least_significance = 5.0;  ///< slope over its standard error

// Where no two frames are near each other (liquids): means over frames of like volume.
constexpr std::size_t fewest_in_bin = 8, most_bins = 24, fewest_bins = 3;
constexpr double least_bin_strain = 0.02, most_bin_strain = 0.25;  ///< of the volume
constexpr double least_bin_correlation = 0.9;
constexpr double bin_tolerance = 1.5;  ///< by so much wider than for pairs: temperature changes with volume too

// Two frames, per atom: the energy difference not explained by the forces, and the work of the stress as labelled.
struct Comparison {
    double energy, work, volume;
    Mat3 stress = Mat3::Zero(), strain = Mat3::Zero();  ///< mean of both and change, with volume the work
    [[nodiscard]] double normal_work() const { return volume * stress.diagonal().dot(strain.diagonal()); }
    // With the components yz, xz, xy of the stress taken from other places.
    [[nodiscard]] double shear_work(const std::array<std::size_t, 3>& order = {0, 1, 2}) const {
        const std::array<double, 3> given{stress(1, 2), stress(0, 2), stress(0, 1)};
        return 2 * volume * (given[order[0]] * strain(1, 2) + given[order[1]] * strain(0, 2) + given[order[2]] * strain(0, 1));
    }
};

bool usable(const Frame& frame) {
    return frame.labels.energy && std::isfinite(*frame.labels.energy) && frame.labels.stress && frame.labels.stress->allFinite() &&
           frame.structure.cell.fully_periodic();
}

// Displacements of b against a at the same fractional coordinates, in the mean cell, without a common translation.
std::vector<Vec3> displacements(const structure::Structure& a, const structure::Structure& b, const Mat3& mean_cell) {
    const Mat3 to_a = a.cell.vectors().transpose().inverse(), to_b = b.cell.vectors().transpose().inverse();
    std::vector<Vec3> moved;
    Vec3 common = Vec3::Zero();
    for (std::size_t i = 0; i < a.size(); ++i) {
        Vec3 d = to_b * b.positions[i] - to_a * a.positions[i];
        if (i > 0) d -= moved[0];
        for (int c = 0; c < 3; ++c) d[c] -= std::round(d[c]);
        if (i > 0) d += moved[0];
        moved.push_back(d);
        common += d / static_cast<double>(a.size());
    }
    for (auto& d : moved) d = mean_cell.transpose() * (d - common);
    return moved;
}

std::optional<Comparison> compare(const Frame& a, const Frame& b) {
    const Mat3 cell_a = a.structure.cell.vectors(), cell_b = b.structure.cell.vectors(), mean = 0.5 * (cell_a + cell_b);
    const double volume = std::abs(mean.determinant());
    if (!(volume > 1e-6)) return std::nullopt;
    // Rows change as a -> a (1 + strain); only the symmetric part does work.
    const Mat3 gradient = mean.inverse() * (cell_b - cell_a);
    const Mat3 strain = 0.5 * (gradient + gradient.transpose());
    const double largest = strain.cwiseAbs().maxCoeff();
    if (largest > most_strain || largest < least_strain) return std::nullopt;
    double force_work = 0;
    const auto moved = displacements(a.structure, b.structure, mean);
    const bool forces = a.labels.forces && b.labels.forces;
    for (std::size_t i = 0; i < moved.size(); ++i) {
        if (moved[i].norm() > (forces ? most_displacement : 0.02)) return std::nullopt;
        if (forces) force_work += 0.5 * moved[i].dot((*a.labels.forces)[i] + (*b.labels.forces)[i]);
    }
    const Mat3 stress = 0.5 * (*a.labels.stress + *b.labels.stress);
    const double work = volume * stress.cwiseProduct(strain).sum();
    const double energy = *b.labels.energy - *a.labels.energy + force_work;
    if (!std::isfinite(energy) || !std::isfinite(work)) return std::nullopt;
    const auto atoms = static_cast<double>(moved.size());
    return Comparison{energy / atoms, work / atoms, volume, stress / atoms, strain};
}

using Group = std::vector<const Frame*>;

// Frames with the same atoms in the same order, by volume.
std::map<std::vector<int>, Group> groups_of(const FrameSet& set, std::size_t source) {
    std::map<std::vector<int>, Group> groups;
    for (std::size_t f = 0; f < set.frames.size(); ++f)
        if (set.source[f] == source && usable(set.frames[f])) groups[set.frames[f].structure.numbers].push_back(&set.frames[f]);
    for (auto& [numbers, frames] : groups)
        std::stable_sort(frames.begin(), frames.end(),
                         [](const Frame* a, const Frame* b) { return a->structure.cell.volume() < b->structure.cell.volume(); });
    return groups;
}

void add_pairs(const Group& frames, std::vector<Comparison>& pairs) {
    for (std::size_t i = 0; i < frames.size(); ++i)
        for (std::size_t offset = 1; offset <= farthest_partner && i + offset < frames.size(); offset *= 2)
            if (const auto pair = compare(*frames[i], *frames[i + offset])) pairs.push_back(*pair);
}

// Medians over bins of frames, each against all others.
void add_bins(const Group& frames, std::vector<Comparison>& pairs) {
    const std::size_t size = std::max(fewest_in_bin, frames.size() / most_bins);
    const auto atoms = static_cast<double>(frames[0]->structure.size());
    struct Bin {
        double volume, energy, stress;
    };
    std::vector<Bin> bins;
    for (std::size_t begin = 0; begin + size <= frames.size(); begin += size) {
        std::array<std::vector<double>, 3> values;
        for (std::size_t i = begin; i < begin + size; ++i) {
            values[0].push_back(frames[i]->structure.cell.volume() / atoms);
            values[1].push_back(*frames[i]->labels.energy / atoms);
            values[2].push_back(frames[i]->labels.stress->trace() / 3);
        }
        for (auto& v : values) std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(size / 2), v.end());
        bins.push_back({values[0][size / 2], values[1][size / 2], values[2][size / 2]});
    }
    if (bins.size() < fewest_bins) return;
    for (std::size_t i = 0; i < bins.size(); ++i)
        for (std::size_t j = i + 1; j < bins.size(); ++j) {
            const double change = bins[j].volume - bins[i].volume, mean = 0.5 * (bins[j].volume + bins[i].volume);
            if (change < least_bin_strain * mean || change > most_bin_strain * mean) continue;
            pairs.push_back({bins[j].energy - bins[i].energy, 0.5 * (bins[i].stress + bins[j].stress) * change, mean * atoms, Mat3::Zero(),
                             Mat3::Zero()});
        }
}

// Energy against work, through the origin.
struct Line {
    double slope = 0, correlation = 0;
    std::size_t points = 0;
    // Slope over its standard error.
    [[nodiscard]] double significance() const {
        const double rest = std::max(1 - correlation * correlation, 1e-12);
        return points < 2 ? 0 : std::abs(correlation) * std::sqrt(static_cast<double>(points - 1) / rest);
    }
};
Line fit(const std::vector<Comparison>& pairs, bool per_volume) {
    double xx = 0, xy = 0, yy = 0;
    for (const auto& pair : pairs) {
        const double x = per_volume ? pair.work / pair.volume : pair.work;
        xx += x * x, xy += x * pair.energy, yy += pair.energy * pair.energy;
    }
    return xx > 0 && yy > 0 ? Line{xy / xx, xy / std::sqrt(xx * yy), pairs.size()} : Line{};
}

struct Guess {
    const char* text;
    double slope;  ///< of energy against work if this is what the labels are
    bool per_volume;
};

// What the stress may be instead of eV/angstrom^3 positive in tension.
constexpr std::array<Guess, 8> guesses{{
    {"has the wrong sign (positive in compression)", -1.0, false},
    {"is in kbar, positive in compression (as VASP prints it)", -1.0 / units::kbar_per_ev_per_angstrom3, false},
    {"is in kbar", 1.0 / units::kbar_per_ev_per_angstrom3, false},
    {"is in GPa", 1.0 / units::gpa_per_ev_per_angstrom3, false},
    {"is in GPa, positive in compression", -1.0 / units::gpa_per_ev_per_angstrom3, false},
    {"is in bar", 1.0 / units::bar_per_ev_per_angstrom3, false},
    {"is a virial (-stress x volume, eV)", -1.0, true},
    {"is multiplied by the volume (eV)", 1.0, true},
}};

std::string diagnose(const std::vector<Comparison>& pairs, const Line& line, double factor) {
    std::vector<std::pair<double, const Guess*>> fitting;
    for (const auto& guess : guesses) {
        const double slope = (guess.per_volume ? fit(pairs, true).slope : line.slope) / guess.slope;
        if (slope > 0 && std::abs(std::log(slope)) < std::log(factor)) fitting.emplace_back(std::abs(std::log(slope)), &guess);
    }
    std::sort(fitting.begin(), fitting.end());
    std::string what;
    for (const auto& [distance, guess] : fitting) what += fmt::format("{} {}", what.empty() ? "it looks as if it" : ", or", guess->text);
    if (what.empty()) what = "sign or unit are wrong";
    return fmt::format(
        "the stress contradicts the energies: their changes with strain are {:.4g} times the work of the stress ({} comparisons); {}. "
        "Expected: eV/angstrom^3, positive in tension",
        line.slope, pairs.size(), what);
}

void judge(const std::vector<Comparison>& pairs, double factor, const std::string& source, const Frame& first,
           std::vector<Finding>& findings) {
    const auto line = fit(pairs, false);
    if (line.slope > 1 / factor && line.slope < factor) return;
    findings.push_back({Severity::error, "stress", source, diagnose(pairs, line, factor) + "; first such frame: " + first.where()});
}

// --- shear

// Energy against normal and shear work, through the origin.
struct Plane {
    double normal = 0, shear = 0, shear_error = 0;
    [[nodiscard]] bool determined() const { return shear_error > 0; }
};
Plane fit_plane(const std::vector<Comparison>& pairs, const std::array<std::size_t, 3>& order) {
    Eigen::MatrixXd works(static_cast<Eigen::Index>(pairs.size()), 2);
    Eigen::VectorXd energies(static_cast<Eigen::Index>(pairs.size()));
    for (std::size_t k = 0; k < pairs.size(); ++k) {
        const auto row = static_cast<Eigen::Index>(k);
        works.row(row) << pairs[k].normal_work(), pairs[k].shear_work(order);
        energies[row] = pairs[k].energy;
    }
    const Eigen::Matrix2d products = works.transpose() * works;
    const double determinant = products.determinant();
    if (!(determinant > 1e-12 * products(0, 0) * products(1, 1))) return {};
    const Eigen::Vector2d slopes = products.inverse() * (works.transpose() * energies);
    const double rest = (energies - works * slopes).squaredNorm() / std::max<double>(1, static_cast<double>(pairs.size()) - 2);
    // At least a thousandth: exact labels would make any deviation significant.
    return {slopes[0], slopes[1], std::max(1e-3, std::sqrt(rest * products(0, 0) / determinant))};
}

bool is_right(double slope, double factor) { return slope > 1 / factor && slope < factor; }

std::string diagnose_shear(const std::vector<Comparison>& pairs, const Plane& plane, double factor) {
    if (is_right(-plane.shear, factor)) return "its sign is wrong";
    struct Order {
        std::array<std::size_t, 3> from;
        const char* text;
    };
    // Where yz, xz, xy are if six numbers came in another order.
    for (const auto& [from, text] :
         {Order{{1, 2, 0}, "xx yy zz xy yz zx (VASP)"}, Order{{2, 1, 0}, "xx yy zz xy xz yz (LAMMPS)"},
          Order{{1, 0, 2}, "xx yy zz xz yz xy"}, Order{{0, 2, 1}, "xx yy zz yz xy xz"}, Order{{2, 0, 1}, "xx yy zz xz xy yz"}}) {
        const auto other = fit_plane(pairs, from);
        if (other.determined() && is_right(other.normal, factor) && is_right(other.shear, factor) && other.shear_error < plane.shear_error)
            return std::string("its six numbers seem to be in the order ") + text + " instead of xx yy zz yz xz xy";
    }
    return "its order, sign or unit is wrong";
}

void judge_shear(const std::vector<Comparison>& pairs, double factor, const std::string& source, const Frame& first,
                 std::vector<Finding>& findings) {
    if (pairs.size() < fewest_pairs) return;
    const auto plane = fit_plane(pairs, {0, 1, 2});
    // Where the normal components are wrong too, check_stress() says so.
    if (!plane.determined() || !is_right(plane.normal, factor) || is_right(plane.shear, factor)) return;
    if (std::abs(plane.shear - 1) < least_significance * plane.shear_error) return;
    findings.push_back({Severity::error, "stress", source,
                        fmt::format("the shear stress contradicts the energies: their changes with shear strain are {:.3g} times its work "
                                    "({} comparisons); {}; first such frame: {}",
                                    plane.shear, pairs.size(), diagnose_shear(pairs, plane, factor), first.where())});
}

// Reach (angstrom) of the surroundings that tell a structure's symmetry, and the share of off-diagonal in diagonal elements
// of their second moment above which no symmetry makes the shear stress vanish.
constexpr double symmetry_reach = 5.0;
constexpr double least_skewness = 1e-5;

bool symmetry_allows_shear(const structure::Structure& atoms) {
    structure::NeighbourList list;
    try {
        list = structure::neighbour_list(atoms, symmetry_reach);
    } catch (const InputError&) {
        return false;  // the check of distances names the cell
    }
    Mat3 moment = Mat3::Zero();
    for (std::size_t i = 0; i < list.atoms(); ++i)
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            const double r = list.vector[e].norm(), fade = 1 - r / symmetry_reach;
            const double kind = (1 + 0.1 * atoms.numbers[i]) * (1 + 0.1 * atoms.numbers[static_cast<std::size_t>(list.neighbour[e])]);
            if (r > 0) moment += kind * fade * fade / (r * r) * list.vector[e] * list.vector[e].transpose();
        }
    const double off = std::max({std::abs(moment(0, 1)), std::abs(moment(0, 2)), std::abs(moment(1, 2))});
    return off > least_skewness * moment.trace();
}

bool has_shear(const Frame& frame) {
    const auto& stress = *frame.labels.stress;
    return stress(0, 1) != 0 || stress(0, 2) != 0 || stress(1, 2) != 0;
}

// True, with a finding, if no frame of the source has a shear stress although one should.
bool misses_shear(const FrameSet& set, std::size_t source, std::vector<Finding>& findings) {
    std::size_t frames = 0;
    const Frame* first = nullptr;
    for (std::size_t f = 0; f < set.frames.size(); ++f) {
        if (set.source[f] != source || !set.frames[f].labels.stress || set.frames[f].labels.stress->isZero(0)) continue;
        if (has_shear(set.frames[f])) return false;
        ++frames;
    }
    for (std::size_t f = 0; f < set.frames.size() && frames > 0 && first == nullptr; ++f)
        if (set.source[f] == source && set.frames[f].labels.stress && !set.frames[f].labels.stress->isZero(0) &&
            symmetry_allows_shear(set.frames[f].structure))
            first = &set.frames[f];
    if (first == nullptr) return false;
    findings.push_back({Severity::error, "stress", first->where(),
                        fmt::format("the shear stress is exactly zero here and in all {} frames of {} with a stress, although no symmetry "
                                    "asks for it: only the diagonal was labelled; give all components, or train without the stress",
                                    frames, set.sources[source])});
    return true;
}

// Labels are rounded so coarsely that a shear stress may be zero by that: all are whole numbers of the smallest, the usual
// largest of a frame is but a few of it.
constexpr double few_steps = 20.0;

bool coarsely_rounded(std::span<const Frame* const> frames) {
    double step = 0;
    std::vector<double> components, largest;
    for (const auto* frame : frames) {
        const auto& stress = *frame->labels.stress;
        double most = 0;
        for (const double each : {stress(0, 1), stress(0, 2), stress(1, 2)}) {
            if (each == 0) continue;
            components.push_back(std::abs(each));
            most = std::max(most, std::abs(each));
            step = step == 0 ? std::abs(each) : std::min(step, std::abs(each));
        }
        largest.push_back(most);
    }
    if (step == 0) return true;
    if (math::median(std::move(largest)) > few_steps * step) return false;
    constexpr double tolerance = 1e-3;
    return std::all_of(components.begin(), components.end(),
                       [&](double each) { return std::abs(each / step - std::round(each / step)) < tolerance; });
}

// Names the frames without a shear stress of a source in which others have one.
void name_frames_without_shear(const FrameSet& set, std::size_t source, std::vector<Finding>& findings) {
    std::vector<const Frame*> with, without;
    for (std::size_t f = 0; f < set.frames.size(); ++f) {
        const Frame& frame = set.frames[f];
        if (set.source[f] != source || !frame.labels.stress || frame.labels.stress->isZero(0)) continue;
        (has_shear(frame) ? with : without).push_back(&frame);
    }
    if (with.empty() || without.empty() || coarsely_rounded(with)) return;
    for (const auto* frame : without)
        if (symmetry_allows_shear(frame->structure))
            findings.push_back({Severity::error, "stress", frame->where(),
                                fmt::format("the shear stress is exactly zero here, although no symmetry asks for it and {} frames of {} "
                                            "have one: only the diagonal was labelled; give all components, or train without the stress",
                                            with.size(), set.sources[source])});
}

}  // namespace

void check_shear(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    for (std::size_t source = 0; source < set.sources.size(); ++source) {
        if (misses_shear(set, source, findings)) continue;
        name_frames_without_shear(set, source, findings);
        std::vector<Comparison> pairs;
        const auto groups = groups_of(set, source);
        for (const auto& [numbers, frames] : groups) add_pairs(frames, pairs);
        if (!groups.empty()) judge_shear(pairs, limits.stress_factor, set.sources[source], *groups.begin()->second[0], findings);
    }
}

void check_stress(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    for (std::size_t source = 0; source < set.sources.size(); ++source) {
        std::vector<Comparison> pairs, bins;
        const auto groups = groups_of(set, source);
        for (const auto& [numbers, frames] : groups) {
            add_pairs(frames, pairs);
            add_bins(frames, bins);
        }
        // Stress x volume instead of stress shows as a better line against work per volume.
        const auto best = [](const std::vector<Comparison>& points) {
            const auto plain = fit(points, false), per_volume = fit(points, true);
            return std::abs(plain.correlation) > std::abs(per_volume.correlation) ? plain : per_volume;
        };
        if (pairs.size() >= fewest_pairs && best(pairs).significance() > least_significance)
            judge(pairs, limits.stress_factor, set.sources[source], *groups.begin()->second[0], findings);
        else if (bins.size() >= fewest_pairs && std::abs(best(bins).correlation) > least_bin_correlation)
            judge(bins, limits.stress_factor * bin_tolerance, set.sources[source], *groups.begin()->second[0], findings);
    }
}

}  // namespace alkali::dataset
