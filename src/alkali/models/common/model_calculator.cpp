#include "alkali/models/common/model_calculator.hpp"

#include <omp.h>

#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/calculator/finite.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/assemble.hpp"
#include "alkali/models/contract/parts.hpp"
#include "alkali/models/contract/shared.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models {

ModelCalculator::ModelCalculator(std::shared_ptr<const Model> model, std::string name,
                                 std::vector<std::pair<std::string, std::string>> provenance, std::optional<ForceUncertainty> uncertainty)
    : model_(std::move(model)), name_(std::move(name)), provenance_(std::move(provenance)), uncertainty_(std::move(uncertainty)) {}

std::vector<int> ModelCalculator::species() const {
    std::vector<int> numbers;
    for (const auto& symbol : model_->type_names()) numbers.push_back(units::atomic_number(symbol));
    return numbers;
}

void ModelCalculator::choose_threads() { threads_.emplace(omp_get_max_threads()); }

calculator::Result ModelCalculator::compute(const structure::Structure& structure, const calculator::Request& request) {
    const base::ThreadTurn turn(threads_ ? &*threads_ : nullptr, static_cast<double>(structure.size()));
    base::Laps laps(request.profile);
    auto data = structure_graph(structure, model_->type_names(), model_->cutoff(), {});
    decltype(data.list.shift)().swap(data.list.shift);  // the vectors carry the images: room for the model
    laps.end(part::neighbour_list);
    return compute(structure, data.view(), request);
}

calculator::Result ModelCalculator::compute(const structure::Structure& structure, const Graph& graph, const calculator::Request& request) {
    calculator::Result result;
    result.energies.resize(structure.size());
    result.forces.resize(structure.size());
    if (request.per_atom) result.virials.resize(structure.size());
    const auto borrowed = graph.workspaces ? graph.workspaces->take<EdgeGradient>() : nullptr;
    auto& edge_gradient = borrowed ? borrowed->rows : edge_gradient_.rows;
    edge_gradient.resize(static_cast<std::size_t>(graph.num_edges()));
    NoExchange exchange;
    const bool uncertainty = request.uncertainty && uncertainty_;
    std::vector<double> features(uncertainty ? structure.size() * uncertainty_->num_features() : 0);
    try {
        model_->evaluate(graph, exchange, {result.energies, edge_gradient, request.profile, features});
    } catch (const InputError& error) {
        throw InputError(error.fault(), name_ + (error.where().empty() ? "" : ", " + error.where()), error.hint());
    }
    if (request.profile) model_->count_operations(graph, *request.profile);

    base::Laps laps(request.profile);
    Assembly assembly{result.forces, result.virials};
    assemble(graph, edge_gradient, assembly);
    laps.end(part::assembly);
    if (uncertainty) {
        result.uncertainty.emplace().forces = uncertainty_->expected({graph, model_->cutoff(), features, edge_gradient, result.forces});
        laps.end(part::uncertainty);
    }
    if (borrowed) graph.workspaces->give_back(borrowed);
    result.energy = std::accumulate(result.energies.begin(), result.energies.end(), 0.0);
    if (const double volume = structure.cell.volume(); volume > 0) result.stress = -assembly.virial / volume;
    if (!request.per_atom) result.energies.clear();
    calculator::require_finite(result, name_);
    return result;
}

}  // namespace alkali::models
