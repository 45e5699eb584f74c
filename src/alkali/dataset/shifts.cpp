#include "alkali/dataset/shifts.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <numeric>

namespace alkali::dataset {
namespace {

// Energies of frames are those of their atoms, x s for fractions x and energies of atoms s, and what no sum over atoms explains:
// something of each composition (its structures, sampled otherwise than those of the others) and something of each frame. The mean
// of a composition with n frames so has the variance spread^2 + b^2 + w^2 / n, with b and w from what the best fit leaves between
// compositions and within them. Before the data are seen, s lies about the prior: each combination that the compositions tell is
// what a normal distribution of some width and the data, with their error, leave of it, or what the data say where it is clear
// beyond doubt.
struct Beliefs {
    double spread;  // of compositions about the sum over atoms beside what the data show, eV/atom
    double width;   // of the combinations of atoms' energies about the prior, eV
};
// A value of so many errors is the data's own.
constexpr double clear_difference = 4.0;
// Formation energies of compounds that hardly differ hardly differ; atoms' energies of most codes lie within some tens of eV.
constexpr Beliefs of_atoms{0.03, 30.0};
// Structures are the same: what is left is the noise of a calculation; zeros differ clearly or not at all.
constexpr Beliefs of_a_change{0.002, 0.0};
// Of compositions that only one of two sets holds: formation energies, eV/atom.
constexpr double formation_spread = 0.1;
// Singular values below this share of the largest are those of rounding.
constexpr double rank_threshold = 1e-8;
// Less than this of a combination is the data's where they scatter too much to tell.
constexpr double mostly = 0.9;

struct Sample {
    const structure::Structure* atoms;
    double energy;  // per atom
    double spread;  // of its composition beside those of the beliefs
};
using Samples = std::vector<Sample>;

// Frames of one composition.
struct Group {
    std::vector<std::size_t> members;
    double energy = 0;  // per atom, mean of the members
    double spread = 0;
};

double energy_per_atom(const Frame& frame) { return *frame.labels.energy / static_cast<double>(frame.structure.size()); }

bool has_energy(const Frame& frame) { return frame.labels.energy && std::isfinite(*frame.labels.energy) && frame.structure.size() > 0; }

Samples samples_of(std::span<const Frame* const> frames) {
    Samples samples;
    for (const auto* frame : frames)
        if (has_energy(*frame)) samples.push_back({&frame->structure, energy_per_atom(*frame), 0});
    return samples;
}

// The least squares of one set: rows are compositions, columns species, weights the numbers of frames.
struct Problem {
    std::vector<int> species;
    std::vector<Group> groups;
    Eigen::MatrixXd fractions;  // (groups, species)
    Eigen::VectorXd energies;   // (groups) per atom
    Eigen::VectorXd weights;    // (groups)
};

Problem problem_of(const Samples& samples) {
    Problem problem;
    std::map<Composition, Group> groups;
    for (std::size_t f = 0; f < samples.size(); ++f) {
        auto& group = groups[composition_of(*samples[f].atoms)];
        group.members.push_back(f);
        group.energy += samples[f].energy;
        group.spread = samples[f].spread;
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

double root_mean_square(const Problem& problem, const Samples& samples, const Eigen::VectorXd& solution) {
    const Eigen::VectorXd said = problem.fractions * solution;
    double sum = 0;
    for (std::size_t g = 0; g < problem.groups.size(); ++g)
        for (const auto f : problem.groups[g].members) sum += std::pow(samples[f].energy - said[static_cast<Eigen::Index>(g)], 2);
    return std::sqrt(sum / static_cast<double>(samples.size()));
}

// Of the mean of each composition, as what the best fit leaves shows it.
Eigen::VectorXd variances(const Problem& problem, const Samples& samples, const Eigen::VectorXd& best, Eigen::Index rank) {
    double within = 0;
    for (const auto& group : problem.groups)
        for (const auto f : group.members) within += std::pow(samples[f].energy - group.energy, 2);
    const auto frames = static_cast<double>(samples.size()), groups = static_cast<double>(problem.groups.size());
    within = frames > groups ? within / (frames - groups) : 0;
    const Eigen::VectorXd left = problem.energies - problem.fractions * best;
    const double freedom = groups - static_cast<double>(rank);
    const double between = freedom > 0 ? left.cwiseAbs2().dot(problem.weights) / frames * groups / freedom : 0;
    Eigen::VectorXd variance = Eigen::VectorXd::Constant(left.size(), between) + within * problem.weights.cwiseInverse();
    for (Eigen::Index g = 0; g < left.size(); ++g) variance[g] += std::pow(problem.groups[static_cast<std::size_t>(g)].spread, 2);
    return variance;
}

// What of a value with this variance is kept, 0 to 1.
double kept_of(double value, double variance, const Beliefs& beliefs) {
    if (value * value >= clear_difference * clear_difference * variance) return 1;
    const double width = beliefs.width * beliefs.width;
    return width / (width + variance);
}

Shifts fit(const Samples& samples, const AtomEnergies& given_prior, const Beliefs& beliefs) {
    Shifts shifts;
    shifts.frames = samples.size();
    if (samples.empty()) return shifts;
    const Problem problem = problem_of(samples);
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

    const Eigen::VectorXd best = prior + directions * coefficients;
    shifts.scatter = root_mean_square(problem, samples, best);
    const Eigen::VectorXd variance = variances(problem, samples, best, rank);
    const bool one_species = problem.species.size() == 1;  // its energy is the mean, whatever the scatter
    Eigen::VectorXd solution = prior;
    for (Eigen::Index k = 0; k < rank; ++k) {
        const Eigen::VectorXd share = svd.matrixU().col(k).cwiseProduct(root) / values[k];
        const double shown = share.cwiseAbs2().dot(variance), believed = beliefs.spread * beliefs.spread * share.squaredNorm();
        solution += (one_species ? 1.0 : kept_of(coefficients[k], shown + believed, beliefs)) * coefficients[k] * directions.col(k);
        if (!one_species && kept_of(coefficients[k], shown, beliefs) < mostly) shifts.accurate = false;
    }
    for (std::size_t s = 0; s < problem.species.size(); ++s) shifts.energies[problem.species[s]] = solution[static_cast<Eigen::Index>(s)];
    shifts.residual = root_mean_square(problem, samples, solution);
    return shifts;
}

std::vector<const Frame*> pointers(std::span<const Frame> frames) {
    std::vector<const Frame*> all;
    for (const auto& frame : frames) all.push_back(&frame);
    return all;
}

std::vector<std::vector<const Frame*>> by_source(const FrameSet& set) {
    std::vector<std::vector<const Frame*>> sources(set.sources.size());
    for (std::size_t i = 0; i < set.frames.size(); ++i) sources[set.source[i]].push_back(&set.frames[i]);
    return sources;
}

std::map<Composition, double> means_of(const Samples& samples) {
    std::map<Composition, std::pair<double, std::size_t>> sums;
    for (const auto& sample : samples) {
        auto& [sum, count] = sums[composition_of(*sample.atoms)];
        sum += sample.energy;
        ++count;
    }
    std::map<Composition, double> means;
    for (const auto& [composition, sum] : sums) means[composition] = sum.first / static_cast<double>(sum.second);
    return means;
}

// Energy per atom of what these know.
double energy_of(const Composition& composition, const AtomEnergies& energies) {
    double energy = 0;
    int atoms = 0;
    for (const auto& [number, count] : composition) {
        atoms += count;
        if (const auto found = energies.find(number); found != energies.end()) energy += count * found->second;
    }
    return energy / atoms;
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

Shifts fit_shifts(std::span<const Frame> frames, const AtomEnergies& prior) { return fit_shifts(pointers(frames), prior); }

Shifts fit_shifts(std::span<const Frame* const> frames, const AtomEnergies& prior) { return fit(samples_of(frames), prior, of_atoms); }

std::vector<Shifts> fit_shifts_per_source(const FrameSet& set) {
    std::vector<Shifts> shifts;
    for (const auto& frames : by_source(set)) shifts.push_back(fit_shifts(frames));
    return shifts;
}

Shifts fit_change(std::span<const Frame> errors, const AtomEnergies& known) {
    return fit(samples_of(pointers(errors)), known, of_a_change);
}

AtomEnergies zero_difference(std::span<const Frame* const> base, std::span<const Frame* const> other) {
    // What the base's compositions leave open is as the other has it, so that only what both say differs; species that only the
    // other holds have nothing to change and take up what is theirs. Compositions of both cancel, whatever they are bound by.
    Samples changes = samples_of(other);
    const auto ours = samples_of(base);
    AtomEnergies difference, unchanged;
    if (changes.empty() || ours.empty()) return difference;
    const auto energies = fit(ours, fit(changes, {}, of_atoms).energies, of_atoms).energies;
    for (const auto& [number, energy] : energies) unchanged[number] = 0;
    const auto means = means_of(ours);
    for (auto& change : changes) {
        const auto composition = composition_of(*change.atoms);
        const auto shared = means.find(composition);
        change.energy -= shared != means.end() ? shared->second : energy_of(composition, energies);
        if (shared == means.end()) change.spread = formation_spread;
    }
    for (const auto& [number, energy] : fit(changes, unchanged, of_a_change).energies)
        if (energies.contains(number)) difference[number] = energy;
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
