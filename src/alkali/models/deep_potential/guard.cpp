#include "alkali/models/deep_potential/guard.hpp"

#include <algorithm>

#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/deep_potential/exact.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::models::deep_potential {
namespace {

Hyperparameters in_float64(Hyperparameters hyperparameters) {
    hyperparameters.model_dtype = Precision::float64;
    return hyperparameters;
}

bool within_sel(const Hyperparameters& h, const structure::Structure& probe) {
    const auto data = structure_graph(probe, h.type_names, h.descriptor.rcut, "probe of the tables");
    const auto& list = data.list;
    for (std::size_t i = 0; i < probe.size(); ++i) {
        std::vector<int> count(h.type_names.size());
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e)
            ++count[static_cast<std::size_t>(data.types[static_cast<std::size_t>(list.neighbour[e])])];
        for (std::size_t t = 0; t < count.size(); ++t)
            if (count[t] > h.descriptor.sel[t]) return false;
    }
    return true;
}

/// A model may have room for fewer neighbours than the probes have: those are thinned until they fit, or are left out.
std::vector<structure::Structure> probes_for(const Hyperparameters& h) {
    std::vector<structure::Structure> probes;
    for (auto probe : probe_structures(h.type_names, h.descriptor.rcut, h.neighbours())) {
        for (int step = 0; step < 40 && !within_sel(h, probe); ++step) probe = structure::with_volume(probe, 1.1 * probe.cell.volume());
        if (within_sel(h, probe)) probes.push_back(std::move(probe));
    }
    return probes;
}

}  // namespace

TableGuard::TableGuard(const Hyperparameters& hyperparameters, std::span<const double> parameters)
    : tabulated_(in_float64(hyperparameters)),
      guard_(probes_for(hyperparameters), hyperparameters.type_names, hyperparameters.descriptor.rcut,
             [this, parameters](const Graph& graph, const Evaluation& out) {
                 evaluate_exactly(tabulated_.architecture(), parameters, graph, out);
             }) {
    tabulated_.set_parameters(parameters);
}

Tabulation TableGuard::measure(int intervals) {
    tabulated_.set_table_intervals(intervals);
    return guard_.measure(intervals, [this](const Graph& graph, const Evaluation& out) {
        NoExchange exchange;
        tabulated_.evaluate(graph, exchange, out);
    });
}

}  // namespace alkali::models::deep_potential
