#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "alkali/dataset/check.hpp"
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
    const double work = 0.5 * volume * (*a.labels.stress + *b.labels.stress).cwiseProduct(strain).sum();
    const double energy = *b.labels.energy - *a.labels.energy + force_work;
    if (!std::isfinite(energy) || !std::isfinite(work)) return std::nullopt;
    const auto atoms = static_cast<double>(moved.size());
    return Comparison{energy / atoms, work / atoms, volume};
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
            pairs.push_back({bins[j].energy - bins[i].energy, 0.5 * (bins[i].stress + bins[j].stress) * change, mean * atoms});
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

}  // namespace

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
