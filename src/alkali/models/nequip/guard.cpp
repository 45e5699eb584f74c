#include "alkali/models/nequip/guard.hpp"

#include <numeric>

namespace alkali::models::nequip {
namespace {

Hyperparameters in_float64(Hyperparameters hyperparameters) {
    hyperparameters.model_dtype = Precision::float64;
    return hyperparameters;
}

TabulationGuard::Evaluate evaluation_of(const NequIP& model) {
    return [&model](const Graph& graph, const Evaluation& out) {
        NoExchange exchange;
        model.evaluate(graph, exchange, out);
    };
}

TabulationGuard make_guard(const Hyperparameters& h, std::span<const double> parameters) {
    NequIP exact(in_float64(h), {RadialMode::exact, {}});
    exact.set_parameters(parameters);
    const double neighbours =
        std::accumulate(h.avg_num_neighbors.begin(), h.avg_num_neighbors.end(), 0.0) / static_cast<double>(h.avg_num_neighbors.size());
    return {probe_structures(h.type_names, h.r_max, neighbours), h.type_names, h.r_max, evaluation_of(exact)};
}

}  // namespace

SplineGuard::SplineGuard(const Hyperparameters& hyperparameters, std::span<const double> parameters)
    : spline_(in_float64(hyperparameters)), guard_(make_guard(hyperparameters, parameters)) {
    spline_.set_parameters(parameters);
}

Tabulation SplineGuard::measure(int intervals) {
    spline_.set_table_intervals(intervals);
    return guard_.measure(intervals, evaluation_of(spline_));
}

}  // namespace alkali::models::nequip
