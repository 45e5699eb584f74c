#include "alkali/dataset/shifts.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <set>

namespace alkali::dataset {
namespace {

Shifts fit(const std::vector<const Frame*>& frames) {
    std::set<int> species;
    for (const auto* frame : frames) species.insert(frame->structure.numbers.begin(), frame->structure.numbers.end());
    std::map<int, Eigen::Index> column;
    for (const int number : species) column.emplace(number, static_cast<Eigen::Index>(column.size()));
    const auto rows = static_cast<Eigen::Index>(frames.size());
    Eigen::MatrixXd composition = Eigen::MatrixXd::Zero(rows, static_cast<Eigen::Index>(column.size()));
    Eigen::VectorXd energy(rows);
    for (Eigen::Index row = 0; row < rows; ++row) {
        const auto& frame = *frames[static_cast<std::size_t>(row)];
        const double atoms = static_cast<double>(frame.structure.size());
        for (const int number : frame.structure.numbers) composition(row, column.at(number)) += 1.0 / atoms;
        energy[row] = *frame.labels.energy / atoms;
    }
    Shifts shifts;
    shifts.frames = frames.size();
    if (frames.empty()) return shifts;
    const Eigen::VectorXd solution = composition.completeOrthogonalDecomposition().solve(energy);
    for (const auto& [number, index] : column) shifts.energies[number] = solution[index];
    shifts.residual = std::sqrt((composition * solution - energy).squaredNorm() / static_cast<double>(rows));
    return shifts;
}

}  // namespace

Shifts fit_shifts(std::span<const Frame> frames) {
    std::vector<const Frame*> labelled;
    for (const auto& frame : frames)
        if (frame.labels.energy) labelled.push_back(&frame);
    return fit(labelled);
}

std::vector<Shifts> fit_shifts_per_source(const FrameSet& set) {
    std::vector<std::vector<const Frame*>> labelled(set.sources.size());
    for (std::size_t i = 0; i < set.frames.size(); ++i)
        if (set.frames[i].labels.energy) labelled[set.source[i]].push_back(&set.frames[i]);
    std::vector<Shifts> shifts;
    for (const auto& frames : labelled) shifts.push_back(fit(frames));
    return shifts;
}

std::vector<std::map<int, double>> align_sources(FrameSet& set) {
    const auto shifts = fit_shifts_per_source(set);
    std::vector<std::map<int, double>> subtracted(shifts.size());
    for (std::size_t s = 1; s < shifts.size(); ++s)
        for (const auto& [number, energy] : shifts[s].energies)
            if (const auto base = shifts[0].energies.find(number); base != shifts[0].energies.end())
                subtracted[s][number] = energy - base->second;
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
