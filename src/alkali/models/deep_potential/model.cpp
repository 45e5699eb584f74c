#include "alkali/models/deep_potential/model.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/models/common/tabulation_guard.hpp"
#include "alkali/models/deep_potential/exact.hpp"
#include "alkali/models/deep_potential/guard.hpp"
#include "alkali/models/deep_potential/operations.hpp"
#include "alkali/models/deep_potential/pass.hpp"

namespace alkali::models::deep_potential {

/// Weights in one precision, and passes that wait to be used again.
template <class T>
struct DeepPotential::Engine {
    const kernels::KernelSet<T>* kernels = nullptr;
    Weights<T> weights;
    std::mutex mutex;
    std::vector<std::unique_ptr<InferencePass<T>>> idle;

    PassSetup<T> setup(const DeepPotential& model) const {
        return {&model.architecture_, &weights, kernels, model.precision() == Precision::float32};
    }

    void evaluate(const DeepPotential& model, const Graph& graph, const Evaluation& out) {
        std::unique_ptr<InferencePass<T>> pass;
        {
            const std::lock_guard lock(mutex);
            if (!idle.empty()) {
                pass = std::move(idle.back());
                idle.pop_back();
            }
        }
        if (!pass) pass = std::make_unique<InferencePass<T>>(setup(model));
        pass->evaluate(graph, out);
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(pass));
    }

    void derive_weights(const DeepPotential& model) {
        idle.clear();
        derive(model.architecture_, model.parameters_, model.architecture_.hyper.table_intervals, weights);
    }
};

DeepPotential::DeepPotential(Hyperparameters hyperparameters, EvaluationOptions options)
    : architecture_(std::move(hyperparameters)), options_(std::move(options)), parameters_(architecture_.parameter_count, 0.0) {
    const auto& deviations = architecture_.info(architecture_.dstd);
    std::fill_n(parameters_.begin() + static_cast<std::ptrdiff_t>(deviations.offset), deviations.size, 1.0);
    if (precision() == Precision::float64) {
        double_ = std::make_unique<Engine<double>>();
        double_->kernels = &kernels::kernels_named<double>(options_.instruction_set);
    } else {
        single_ = std::make_unique<Engine<float>>();
        single_->kernels = &kernels::kernels_named<float>(options_.instruction_set);
    }
    set_parameters(std::vector<double>(parameters_));
}

DeepPotential::~DeepPotential() = default;

void DeepPotential::set_parameters(std::span<const double> parameters) {
    if (parameters.size() != parameters_.size()) throw InternalError("a Deep Potential was given parameters of the wrong number");
    std::copy(parameters.begin(), parameters.end(), parameters_.begin());
    if (double_) double_->derive_weights(*this);
    if (single_) single_->derive_weights(*this);
}

void DeepPotential::set_table_intervals(int intervals) {
    architecture_.hyper.table_intervals = intervals;
    set_parameters(std::vector<double>(parameters_));
}

void DeepPotential::evaluate(const Graph& graph, Exchange&, const Evaluation& out) const {
    if (options_.exact)
        evaluate_exactly(architecture_, parameters_, graph, out);
    else if (double_)
        double_->evaluate(*this, graph, out);
    else
        single_->evaluate(*this, graph, out);
}

void DeepPotential::count_operations(const Graph& graph, base::Profile& profile) const {
    deep_potential::count_operations(architecture_, graph, profile);
}

std::unique_ptr<TrainingPass> DeepPotential::make_training_pass() const {
    if (options_.exact) throw InternalError("a Deep Potential without tables cannot be trained");
    if (double_) return std::make_unique<GradientPass<double>>(double_->setup(*this), parameters_);
    return std::make_unique<GradientPass<float>>(single_->setup(*this), parameters_);
}

std::optional<Tabulation> DeepPotential::tabulation() const {
    return TableGuard(architecture_.hyper, parameters_).measure(architecture_.hyper.table_intervals);
}

std::optional<Tabulation> DeepPotential::refine_tabulation() {
    constexpr int finest = 8192;
    TableGuard guard(architecture_.hyper, parameters_);
    const Tabulation table =
        TabulationGuard::refine(architecture_.hyper.table_intervals, finest, [&](int intervals) { return guard.measure(intervals); });
    if (table.intervals != architecture_.hyper.table_intervals) set_table_intervals(table.intervals);
    return table;
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
