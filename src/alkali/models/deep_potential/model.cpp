#include "alkali/models/deep_potential/model.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/models/contract/shared.hpp"
#include "alkali/models/deep_potential/exact.hpp"
#include "alkali/models/deep_potential/guard.hpp"
#include "alkali/models/deep_potential/operations.hpp"
#include "alkali/models/deep_potential/pass.hpp"
#include "alkali/models/deep_potential/surroundings.hpp"

namespace alkali::models::deep_potential {

namespace {

/// At most so many intervals in inference.
constexpr int finest_tables = 8192;

}  // namespace

/// Weights in one precision, and passes that wait to be used again where the graph brings none.
template <class T>
struct DeepPotential::Engine {
    const kernels::KernelSet<T>* kernels = nullptr;
    Weights<T> weights;
    Workspaces own;

    explicit Engine(const std::string& instruction_set) : kernels(&kernels::kernels_named<T>(instruction_set)) {}

    PassSetup<T> setup(const DeepPotential& model) const {
        return {&model.architecture(), &weights, kernels, model.precision() == Precision::float32};
    }
};

DeepPotential::DeepPotential(Hyperparameters hyperparameters, EvaluationOptions options)
    : TabulatedModel(std::move(hyperparameters),
                     {&Hyperparameters::table_intervals, "table_intervals", least_table_intervals, finest_tables}),
      options_(std::move(options)) {
    const auto& deviations = architecture().info(architecture().dstd);
    std::fill_n(change_parameters().begin() + static_cast<std::ptrdiff_t>(deviations.offset), deviations.size, 1.0);
    if (precision() == Precision::float64)
        engine_ = std::make_unique<Engine<double>>(options_.instruction_set);
    else
        engine_ = std::make_unique<Engine<float>>(options_.instruction_set);
    derive_weights();
}

DeepPotential::~DeepPotential() = default;

void DeepPotential::derive_weights() {
    std::visit([&](auto& engine) { derive(architecture(), parameters(), architecture().hyper.table_intervals, engine->weights); }, engine_);
}

void DeepPotential::evaluate(const Graph& graph, Exchange&, const Evaluation& out) const {
    if (options_.exact) {
        if (!out.features.empty()) throw InternalError("a Deep Potential without tables gives no features");
        evaluate_exactly(architecture(), parameters(), graph, out);
        return;
    }
    std::visit(
        [&]<class T>(const std::unique_ptr<Engine<T>>& engine) {
            with_workspace<InferencePass<T>>(graph, engine->own, [&](InferencePass<T>& pass) {
                pass.use(engine->setup(*this));
                pass.evaluate(graph, out);
            });
        },
        engine_);
}

void DeepPotential::require_within_limits(const Graph& graph, const std::string& where) const {
    require_room_for_neighbours(architecture(), precision() == Precision::float32, graph, where);
}

std::size_t DeepPotential::num_features() const { return architecture().info(architecture().readout.front().w).size; }

void DeepPotential::count_operations(const Graph& graph, base::Profile& profile) const {
    deep_potential::count_operations(architecture(), graph, profile);
}

std::unique_ptr<TrainingPass> DeepPotential::make_training_pass() const {
    if (options_.exact) throw InternalError("a Deep Potential without tables cannot be trained");
    return std::visit(
        [&]<class T>(const std::unique_ptr<Engine<T>>& engine) -> std::unique_ptr<TrainingPass> {
            return std::make_unique<GradientPass<T>>(engine->setup(*this), parameters());
        },
        engine_);
}

std::function<Tabulation(int)> DeepPotential::table_errors() const {
    const auto guard = std::make_shared<TableGuard>(architecture().hyper, parameters());
    return [guard](int intervals) { return guard->measure(intervals); };
}

void draw_weights(const Architecture& architecture, std::uint64_t seed, std::span<double> parameters) {
    base::Random random(seed);
    const auto draw = [&](std::size_t index, double mean, double deviation) {
        const auto& info = architecture.info(index);
        for (std::size_t k = 0; k < info.size; ++k) parameters[info.offset + k] = mean + deviation * random.normal();
    };
    const auto network = [&](const NetworkPlan& plan) {
        for (const DenseLayer& layer : plan.layers) {
            draw(layer.w, 0, 1 / std::sqrt(layer.inputs + layer.outputs));
            draw(layer.b, 0, 1);
            if (layer.idt) draw(*layer.idt, 0.1, 0.001);
        }
    };
    for (const auto& plan : architecture.embeddings) network(plan);
    for (std::size_t t = 0; t < architecture.fitting.size(); ++t) {
        network(architecture.fitting[t]);
        draw(architecture.readout[t].w, 0, 1 / std::sqrt(architecture.fitting[t].outputs() + 1));
        draw(architecture.readout[t].b, 0, 0);
    }
}

}  // namespace alkali::models::deep_potential
