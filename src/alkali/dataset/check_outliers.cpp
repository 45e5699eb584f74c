#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/dataset/check.hpp"
#include "alkali/dataset/shifts.hpp"

namespace alkali::dataset {
namespace {

// Standard deviation of a normal distribution over its median absolute deviation.
constexpr double sigma_of_mad = 1.4826;

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void check_forces(const Frame& frame, const CheckLimits& limits, std::vector<Finding>& findings) {
    if (!frame.labels.forces) return;
    const auto& forces = *frame.labels.forces;
    Vec3 sum = Vec3::Zero();
    double largest = 0;
    std::size_t atom = 0;
    for (std::size_t i = 0; i < forces.size(); ++i) {
        sum += forces[i];
        if (forces[i].norm() > largest) largest = forces[i].norm(), atom = i;
    }
    if (!sum.allFinite()) return;  // reported as not finite
    const double per_atom = sum.norm() / static_cast<double>(forces.size());
    if (per_atom > limits.force_sum)
        findings.push_back({Severity::warning, "force-sum", frame.where(),
                            fmt::format("the forces add up to {:.3g} eV/angstrom ({:.3g} per atom) instead of zero; was the calculation "
                                        "converged, were atoms left out?",
                                        sum.norm(), per_atom)});
    if (largest > limits.large_force)
        findings.push_back(
            {Severity::warning, "outlier", frame.where(), fmt::format("the force on atom {} is {:.3g} eV/angstrom", atom + 1, largest)});
}

// What the composition does not explain, eV/atom; NaN without an energy.
std::vector<double> deviations(const FrameSet& set, const std::vector<Shifts>& shifts) {
    std::vector<double> result;
    for (std::size_t f = 0; f < set.frames.size(); ++f) {
        const auto& frame = set.frames[f];
        double rest = frame.labels.energy.value_or(std::nan(""));
        for (const int number : frame.structure.numbers)
            if (const auto found = shifts[set.source[f]].energies.find(number); found != shifts[set.source[f]].energies.end())
                rest -= found->second;
        result.push_back(rest / static_cast<double>(frame.structure.size()));
    }
    return result;
}

FrameSet only_finite_energies(const FrameSet& set) {
    std::vector<std::size_t> which;
    for (std::size_t f = 0; f < set.frames.size(); ++f)
        if (set.frames[f].labels.energy && std::isfinite(*set.frames[f].labels.energy)) which.push_back(f);
    return set.subset(which);
}

void check_energies(const FrameSet& set, const std::vector<Shifts>& shifts, const CheckLimits& limits, std::vector<Finding>& findings) {
    const auto rest = deviations(set, shifts);
    for (std::size_t source = 0; source < set.sources.size(); ++source) {
        std::vector<double> values, absolute;
        for (std::size_t f = 0; f < rest.size(); ++f)
            if (set.source[f] == source) values.push_back(rest[f]);
        const double centre = median(values);
        for (const double value : values) absolute.push_back(std::abs(value - centre));
        const double limit = std::max(limits.energy_deviation, limits.energy_sigmas * sigma_of_mad * median(absolute));
        for (std::size_t f = 0; f < rest.size(); ++f)
            if (set.source[f] == source && std::abs(rest[f] - centre) > limit)
                findings.push_back(
                    {Severity::warning, "outlier", set.frames[f].where(),
                     fmt::format("its energy lies {:+.3g} eV/atom from the middle of the set; is it converged, is its unit eV?",
                                 rest[f] - centre)});
    }
}

}  // namespace

void check_outliers(const FrameSet& set, const CheckLimits& limits, std::vector<Finding>& findings) {
    for (const auto& frame : set.frames) check_forces(frame, limits, findings);
    const auto finite = only_finite_energies(set);
    const auto shifts = fit_shifts_per_source(finite);
    check_energies(finite, shifts, limits, findings);
    check_energy_zeros(finite, limits, findings);
}

}  // namespace alkali::dataset
