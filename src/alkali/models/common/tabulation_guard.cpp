#include "alkali/models/common/tabulation_guard.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "alkali/base/random.hpp"
#include "alkali/base/threads.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/assemble.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models {
namespace {

/// angstrom^3 per atom.
double typical_volume(const std::vector<std::string>& type_names, double cutoff, double neighbours) {
    double sum = 0;
    bool known = true;
    for (const auto& name : type_names) {
        const double volume = units::atomic_volume(units::atomic_number(name));
        known = known && volume > 0;
        sum += volume;
    }
    if (known) return sum / static_cast<double>(type_names.size());
    // A model that was not told its neighbour count says 1; no condensed matter is thinner than 60 or denser than 3.
    return std::clamp(4.0 / 3.0 * std::numbers::pi * std::pow(cutoff, 3) / neighbours, 3.0, 60.0);
}

}  // namespace

std::vector<structure::Structure> probe_structures(const std::vector<std::string>& type_names, double cutoff, double neighbours) {
    base::Random random(1);
    const double volume = typical_volume(type_names, cutoff, neighbours);
    std::vector<structure::Structure> probes;
    for (const double scale : {0.75, 1.0, 4.0 / 3.0}) {
        const double a = std::cbrt(2 * scale * volume);
        auto probe = structure::rattled(structure::repeated(structure::bcc("X", a), {2, 2, 2}), 0.04 * a, random);
        for (int& number : probe.numbers) number = units::atomic_number(type_names[random.below(type_names.size())]);
        probes.push_back(std::move(probe));
    }
    return probes;
}

TabulationGuard::TabulationGuard(std::vector<structure::Structure> probes, std::vector<std::string> type_names, double cutoff,
                                 const Evaluate& exact)
    : probes_(std::move(probes)), type_names_(std::move(type_names)), cutoff_(cutoff), exact_(outcomes(exact)) {}

std::vector<TabulationGuard::Outcome> TabulationGuard::outcomes(const Evaluate& evaluate) const {
    // One thread per probe: they are too small to be shared out.
    std::vector<Outcome> all(probes_.size());
    base::parallel_for(probes_.size(), [&](std::size_t k) { all[k] = outcome(probes_[k], evaluate); });
    return all;
}

TabulationGuard::Outcome TabulationGuard::outcome(const structure::Structure& probe, const Evaluate& evaluate) const {
    const auto data = structure_graph(probe, type_names_, cutoff_, "probe of the tables");
    const Graph graph = data.view();
    std::vector<double> energies(probe.size());
    std::vector<Vec3> edge_gradient(data.list.edges());
    evaluate(graph, {energies, edge_gradient});
    Outcome out{std::accumulate(energies.begin(), energies.end(), 0.0), std::vector<Vec3>(probe.size())};
    std::vector<Mat3> no_virials;
    Assembly assembly{out.forces, no_virials};
    assemble(graph, edge_gradient, assembly);
    return out;
}

Tabulation TabulationGuard::measure(int intervals, const Evaluate& tabulated) const {
    Tabulation worst{intervals, 0, 0};
    const auto found = outcomes(tabulated);
    for (std::size_t k = 0; k < probes_.size(); ++k) {
        const Outcome& got = found[k];
        worst.energy_error = std::max(worst.energy_error, std::abs(got.energy - exact_[k].energy) / static_cast<double>(probes_[k].size()));
        for (std::size_t i = 0; i < got.forces.size(); ++i)
            worst.force_error = std::max(worst.force_error, (got.forces[i] - exact_[k].forces[i]).cwiseAbs().maxCoeff());
    }
    return worst;
}

Tabulation TabulationGuard::refine(int intervals, int finest, const std::function<Tabulation(int)>& measure) {
    Tabulation table = measure(intervals);
    while (!table.within_bounds() && 2 * table.intervals <= finest) table = measure(2 * table.intervals);
    return table;
}

}  // namespace alkali::models
