#include "alkali/models/nequip/guard.hpp"

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

namespace alkali::models::nequip {
namespace {

/// angstrom^3 per atom.
double typical_volume(const Hyperparameters& h) {
    double sum = 0;
    bool known = true;
    for (const auto& name : h.type_names) {
        const double volume = units::atomic_volume(units::atomic_number(name));
        known = known && volume > 0;
        sum += volume;
    }
    if (known) return sum / h.types();
    const double neighbours =
        std::accumulate(h.avg_num_neighbors.begin(), h.avg_num_neighbors.end(), 0.0) / static_cast<double>(h.avg_num_neighbors.size());
    // A model that was not told its neighbour count says 1; no condensed matter is thinner than 60 or denser than 3.
    return std::clamp(4.0 / 3.0 * std::numbers::pi * std::pow(h.r_max, 3) / neighbours, 3.0, 60.0);
}

Hyperparameters in_float64(Hyperparameters hyperparameters) {
    hyperparameters.model_dtype = Precision::float64;
    return hyperparameters;
}

}  // namespace

std::vector<structure::Structure> probe_structures(const Hyperparameters& hyperparameters) {
    base::Random random(1);
    const double volume = typical_volume(hyperparameters);
    std::vector<structure::Structure> probes;
    for (const double scale : {0.75, 1.0, 4.0 / 3.0}) {
        const double a = std::cbrt(2 * scale * volume);
        auto probe = structure::rattled(structure::repeated(structure::bcc("X", a), {2, 2, 2}), 0.04 * a, random);
        for (int& number : probe.numbers)
            number = units::atomic_number(hyperparameters.type_names[random.below(hyperparameters.type_names.size())]);
        probes.push_back(std::move(probe));
    }
    return probes;
}

SplineGuard::SplineGuard(const Hyperparameters& hyperparameters, std::span<const double> parameters)
    : probes_(probe_structures(hyperparameters)), spline_(in_float64(hyperparameters)) {
    NequIP exact(in_float64(hyperparameters), {RadialMode::exact, {}});
    exact.set_parameters(parameters);
    spline_.set_parameters(parameters);
    // One thread per probe: they are too small to be shared out.
    exact_.resize(probes_.size());
    base::parallel_for(probes_.size(), [&](std::size_t k) { exact_[k] = outcome(exact, probes_[k]); });
}

SplineGuard::Outcome SplineGuard::outcome(const NequIP& model, const structure::Structure& probe) {
    const auto data = structure_graph(probe, model.type_names(), model.cutoff(), "probe of the radial splines");
    const Graph graph = data.view();
    std::vector<double> energies(probe.size());
    std::vector<Vec3> edge_gradient(data.list.edges());
    NoExchange exchange;
    model.evaluate(graph, exchange, {energies, edge_gradient});
    Outcome out{std::accumulate(energies.begin(), energies.end(), 0.0), std::vector<Vec3>(probe.size())};
    std::vector<Mat3> no_virials;
    Assembly assembly{out.forces, no_virials};
    assemble(graph, edge_gradient, assembly);
    return out;
}

Tabulation SplineGuard::measure(int intervals) {
    spline_.set_spline_intervals(intervals);
    Tabulation worst{intervals, 0, 0};
    std::vector<Outcome> found(probes_.size());
    base::parallel_for(probes_.size(), [&](std::size_t k) { found[k] = outcome(spline_, probes_[k]); });
    for (std::size_t k = 0; k < probes_.size(); ++k) {
        const Outcome& got = found[k];
        worst.energy_error = std::max(worst.energy_error, std::abs(got.energy - exact_[k].energy) / static_cast<double>(probes_[k].size()));
        for (std::size_t i = 0; i < got.forces.size(); ++i)
            worst.force_error = std::max(worst.force_error, (got.forces[i] - exact_[k].forces[i]).cwiseAbs().maxCoeff());
    }
    return worst;
}

}  // namespace alkali::models::nequip
