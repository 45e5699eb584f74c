#include "alkali/dataset/shifts.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <numeric>
#include <set>

namespace alkali::dataset {
namespace {

using Pointers = std::vector<const Frame*>;

// Singular values below this share of the largest are those of rounding.
constexpr double rank_threshold = 1e-8;
// Energies per atom of two compositions differ by at least this much for reasons that no sum over atoms explains (formation
// energies, other phases), eV/atom.
constexpr double structural_spread = 0.1;
// A combination of atoms' energies is taken from the data if it is known to this accuracy (eV), or differs from its prior by so
// many errors.
constexpr double good_accuracy = 2.0;
constexpr double clear_difference = 4.0;

// Frames of one composition.
struct Group {
    std::vector<std::size_t> members;
    double energy = 0;  // per atom, mean of the members
};

double energy_per_atom(const Frame& frame) { return *frame.labels.energy / static_cast<double>(frame.structure.size()); }

bool has_energy(const Frame& frame) { return frame.labels.energy && std::isfinite(*frame.labels.energy) && frame.structure.size() > 0; }

// The least squares of one set: rows are compositions, columns species, weights the numbers of frames.
struct Problem {
    std::vector<int> species;
    std::vector<Group> groups;
    Eigen::MatrixXd fractions;  // (groups, species)
    Eigen::VectorXd energies;   // (groups) per atom
    Eigen::VectorXd weights;    // (groups)
};

Problem problem_of(const Pointers& frames) {
    Problem problem;
    std::map<Composition, Group> groups;
    for (std::size_t f = 0; f < frames.size(); ++f) {
        auto& group = groups[composition_of(frames[f]->structure)];
        group.members.push_back(f);
        group.energy += energy_per_atom(*frames[f]);
    }
    std::map<int, Eigen::Index> column;
    for (const auto& [counts, group] : groups)
        for (const auto& [number, count] : counts) column.emplace(number, 0);
    for (auto& [number, index] : column) {
        index = static_cast<Eigen::Index>(problem.species.size());
        problem.species.push_back(number);
    }
    const auto rows = static_cast<Eigen::Index>(groups.size());
    problem.fractions = Eigen::MatrixXd::Zero(rows, static_cast<Eigen::Index>(column.size()));
    problem.energies.resize(rows);
    problem.weights.resize(rows);
    Eigen::Index row = 0;
    for (auto& [counts, group] : groups) {
        int atoms = 0;
        for (const auto& [number, count] : counts) atoms += count;
        for (const auto& [number, count] : counts) problem.fractions(row, column.at(number)) = static_cast<double>(count) / atoms;
        problem.weights[row] = static_cast<double>(group.members.size());
        group.energy /= problem.weights[row];
        problem.energies[row++] = group.energy;
        problem.groups.push_back(std::move(group));
    }
    return problem;
}

// What the energies per atom differ by on average from the given ones belongs to the species without a given energy, or to all
// alike: fractions sum to one, so that a constant for each species is the same constant in every energy per atom.
Eigen::VectorXd prior_of(const Problem& problem, const AtomEnergies& given) {
    const auto columns = static_cast<Eigen::Index>(problem.species.size());
    Eigen::VectorXd prior = Eigen::VectorXd::Zero(columns), open = Eigen::VectorXd::Zero(columns);
    for (Eigen::Index s = 0; s < columns; ++s) {
        const auto found = given.find(problem.species[static_cast<std::size_t>(s)]);
        if (found == given.end())
            open[s] = 1;
        else
            prior[s] = found->second;
    }
    if (open.isZero(0)) open.setOnes();
    const Eigen::VectorXd share = problem.fractions * open, left = problem.energies - problem.fractions * prior;
    return prior + open * (left.dot(problem.weights) / share.dot(problem.weights));
}

double root_mean_square(const Problem& problem, const Pointers& frames, const Eigen::VectorXd& solution) {
    const Eigen::VectorXd said = problem.fractions * solution;
    double sum = 0;
    for (std::size_t g = 0; g < problem.groups.size(); ++g)
        for (const auto f : problem.groups[g].members) {
            const double rest = energy_per_atom(*frames[f]) - said[static_cast<Eigen::Index>(g)];
            sum += rest * rest;
        }
    return std::sqrt(sum / static_cast<double>(frames.size()));
}

Shifts fit(const Pointers& given, const AtomEnergies& given_prior) {
    Pointers frames;
    for (const auto* frame : given)
        if (has_energy(*frame)) frames.push_back(frame);
    Shifts shifts;
    shifts.frames = frames.size();
    if (frames.empty()) return shifts;
    const Problem problem = problem_of(frames);
    shifts.mean = problem.energies.dot(problem.weights) / problem.weights.sum();

    const Eigen::VectorXd prior = prior_of(problem, given_prior), root = problem.weights.cwiseSqrt();
    const Eigen::MatrixXd rows = root.asDiagonal() * problem.fractions;
    const Eigen::VectorXd rest = root.cwiseProduct(problem.energies - problem.fractions * prior);
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(rows, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const auto& values = svd.singularValues();
    Eigen::Index rank = 0;
    while (rank < values.size() && values[rank] > rank_threshold * values[0]) ++rank;
    const Eigen::VectorXd coefficients = (svd.matrixU().leftCols(rank).transpose() * rest).cwiseQuotient(values.head(rank).matrix());
    const Eigen::MatrixXd directions = svd.matrixV().leftCols(rank);
    shifts.told_apart = rank == static_cast<Eigen::Index>(problem.species.size());

    shifts.scatter = root_mean_square(problem, frames, prior + directions * coefficients);
    const bool one_species = problem.species.size() == 1;  // its energy is the mean, whatever the scatter
    const double spread = std::max(structural_spread, shifts.scatter);
    Eigen::VectorXd solution = prior;
    for (Eigen::Index k = 0; k < rank; ++k) {
        // Many frames of one composition say no more of the species than one does: each composition counts once.
        const double error = spread / (problem.fractions * directions.col(k)).norm();
        if (one_species || error <= good_accuracy || std::abs(coefficients[k]) >= clear_difference * error)
            solution += coefficients[k] * directions.col(k);
        else
            shifts.accurate = false;
    }
    for (std::size_t s = 0; s < problem.species.size(); ++s) shifts.energies[problem.species[s]] = solution[static_cast<Eigen::Index>(s)];
    shifts.residual = root_mean_square(problem, frames, solution);
    return shifts;
}

Pointers pointers(std::span<const Frame> frames) {
    Pointers all;
    for (const auto& frame : frames) all.push_back(&frame);
    return all;
}

std::vector<Pointers> by_source(const FrameSet& set) {
    std::vector<Pointers> sources(set.sources.size());
    for (std::size_t i = 0; i < set.frames.size(); ++i) sources[set.source[i]].push_back(&set.frames[i]);
    return sources;
}

}  // namespace

Composition composition_of(const structure::Structure& atoms) {
    Composition counts;
    for (const int number : atoms.numbers) ++counts[number];
    int divisor = 0;
    for (const auto& [number, count] : counts) divisor = std::gcd(divisor, count);
    for (auto& [number, count] : counts) count /= divisor;
    return counts;
}

Shifts fit_shifts(std::span<const Frame> frames, const AtomEnergies& prior) { return fit(pointers(frames), prior); }

Shifts fit_shifts(std::span<const Frame* const> frames, const AtomEnergies& prior) {
    return fit(Pointers(frames.begin(), frames.end()), prior);
}

std::vector<Shifts> fit_shifts_per_source(const FrameSet& set) {
    std::vector<Shifts> shifts;
    for (const auto& frames : by_source(set)) shifts.push_back(fit(frames, {}));
    return shifts;
}

AtomEnergies zero_difference(std::span<const Frame* const> base, std::span<const Frame* const> other) {
    // Each takes from the other what its own compositions leave open, so that only what both say differs; species that only
    // one of them holds have no prior and take up what is theirs.
    const auto first = fit_shifts(other);
    const auto ours = fit_shifts(base, first.energies);
    AtomEnergies difference;
    if (first.frames == 0 || ours.frames == 0) return difference;
    for (const auto& [number, energy] : fit_shifts(other, ours.energies).energies)
        if (const auto found = ours.energies.find(number); found != ours.energies.end()) difference[number] = energy - found->second;
    return difference;
}

std::vector<AtomEnergies> align_sources(FrameSet& set) {
    const auto sources = by_source(set);
    std::vector<AtomEnergies> subtracted(sources.size());
    for (std::size_t s = 1; s < sources.size(); ++s) subtracted[s] = zero_difference(sources[0], sources[s]);
    for (std::size_t i = 0; i < set.frames.size(); ++i) {
        auto& frame = set.frames[i];
        if (!frame.labels.energy) continue;
        const auto& offsets = subtracted[set.source[i]];
        for (const int number : frame.structure.numbers)
            if (const auto found = offsets.find(number); found != offsets.end()) *frame.labels.energy -= found->second;
    }
    return subtracted;
}

}  // namespace alkali::dataset
