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

constexpr std::size_t partners = 4;          ///< each frame is compared with so many next ones by volume
constexpr double most_strain = 0.15;         ///< beyond it the trapezoid rule is too coarse
constexpr double most_displacement = 0.6;    ///< angstrom, as well
constexpr double least_strain = 1e-3;        ///< below it the stress does too little work to be seen
constexpr std::size_t fewest_pairs = 3;
constexpr double least_correlation = 0.8;

// One pair of frames: the energy difference not explained by the forces, and the work of the stress as labelled.
struct Comparison {
    double energy, work, volume;
};

bool usable(const Frame& frame) {
    return frame.labels.energy && std::isfinite(*frame.labels.energy) && frame.labels.stress && frame.labels.stress->allFinite() && frame.structure.cell.fully_periodic();
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
    return Comparison{energy, work, volume};
}

// Frames with the same atoms in the same order, by volume.
std::map<std::vector<int>, std::vector<const Frame*>> groups_of(const FrameSet& set, std::size_t source) {
    std::map<std::vector<int>, std::vector<const Frame*>> groups;
    for (std::size_t f = 0; f < set.frames.size(); ++f)
        if (set.source[f] == source && usable(set.frames[f])) groups[set.frames[f].structure.numbers].push_back(&set.frames[f]);
    for (auto& [numbers, frames] : groups)
        std::stable_sort(frames.begin(), frames.end(), [](const Frame* a, const Frame* b) { return a->structure.cell.volume() < b->structure.cell.volume(); });
    return groups;
}

// Slope and correlation of energy against work, each pair scaled to the same weight so that no large cell rules.
struct Line {
    double slope = 0, correlation = 0;
};
Line fit(const std::vector<Comparison>& pairs, bool per_volume) {
    double xx = 0, xy = 0, yy = 0;
    for (const auto& pair : pairs) {
        const double x = per_volume ? pair.work / pair.volume : pair.work;
        const double scale = 1 / (std::abs(pair.energy) / 10 + std::abs(x) + 1e-300), wx = x * scale, wy = pair.energy * scale;
        xx += wx * wx, xy += wx * wy, yy += wy * wy;
    }
    return xx > 0 && yy > 0 ? Line{xy / xx, xy / std::sqrt(xx * yy)} : Line{};
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
    const Guess* best = nullptr;
    double best_distance = std::log(factor);
    for (const auto& guess : guesses) {
        const double slope = (guess.per_volume ? fit(pairs, true).slope : line.slope) / guess.slope;
        if (slope > 0 && std::abs(std::log(slope)) < best_distance) best = &guess, best_distance = std::abs(std::log(slope));
    }
    const std::string what = best != nullptr ? fmt::format("it looks as if it {}", best->text) : "sign or unit are wrong";
    return fmt::format("the stress contradicts the energies: their changes with strain are {:.4g} times the work of the stress ({} pairs of frames); {}. "
                       "Expected: eV/angstrom^3, positive in tension",
                       line.slope, pairs.size(), what);
}

}  // namespace

void check_stress(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    for (std::size_t source = 0; source < set.sources.size(); ++source) {
        std::vector<Comparison> pairs;
        const Frame* first = nullptr;
        for (const auto& [numbers, frames] : groups_of(set, source))
            for (std::size_t i = 0; i < frames.size(); ++i)
                for (std::size_t j = i + 1; j < std::min(frames.size(), i + 1 + partners); ++j)
                    if (const auto pair = compare(*frames[i], *frames[j])) {
                        pairs.push_back(*pair);
                        if (first == nullptr) first = frames[i];
                    }
        if (pairs.size() < fewest_pairs) continue;
        const auto line = fit(pairs, false);
        const bool correlated = std::abs(line.correlation) > least_correlation || std::abs(fit(pairs, true).correlation) > least_correlation;
        const bool right = line.slope > 1 / limits.stress_factor && line.slope < limits.stress_factor;
        if (correlated && !right)
            findings.push_back({Severity::error, "stress", set.sources[source], diagnose(pairs, line, limits.stress_factor) + "; first such frame: " + first->where()});
    }
}

}  // namespace alkali::dataset
