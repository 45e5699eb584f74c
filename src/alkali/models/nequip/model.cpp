#include "alkali/models/nequip/model.hpp"

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/models/contract/shared.hpp"
#include "alkali/models/nequip/gradient.hpp"
#include "alkali/models/nequip/guard.hpp"
#include "alkali/models/nequip/operations.hpp"

namespace alkali::models::nequip {

/// Weights in one precision, and passes that wait to be used again where the graph brings none.
template <class T>
struct NequIP::Engine {
    const kernels::KernelSet<T>* kernels = nullptr;
    Weights<T> weights;
    Workspaces own;

    PassSetup<T> setup(const NequIP& model, bool keep) const {
        PassSetup<T> setup;
        setup.architecture = &model.architecture_;
        setup.radial = &model.radial_;
        setup.weights = &weights;
        setup.kernels = kernels;
        setup.parameters = model.parameters_;
        setup.mode = model.options_.radial;
        setup.round_geometry = model.precision() == Precision::float32;
        setup.keep = keep;
        setup.most_bytes_held = model.options_.most_bytes_held;
        return setup;
    }

    void evaluate(const NequIP& model, const Graph& graph, Exchange& exchange, const Evaluation& out) {
        Workspaces& passes = graph.workspaces ? *graph.workspaces : own;
        auto pass = passes.take<Pass<T>>();
        pass->use(setup(model, false));
        pass->evaluate(graph, exchange, out);
        passes.give_back(std::move(pass));
    }
};

NequIP::NequIP(Hyperparameters hyperparameters, EvaluationOptions options)
    : architecture_(std::move(hyperparameters)), options_(std::move(options)), parameters_(architecture_.parameter_count, 0.0) {
    for (int k = 0; k < architecture_.hyper.num_layers; ++k) radial_.emplace_back(architecture_, k, kernels::fastest_kernels<double>());
    if (precision() == Precision::float64) {
        double_ = std::make_unique<Engine<double>>();
        double_->kernels = &kernels::kernels_named<double>(options_.instruction_set);
    } else {
        single_ = std::make_unique<Engine<float>>();
        single_->kernels = &kernels::kernels_named<float>(options_.instruction_set);
    }
    set_parameters(std::vector<double>(parameters_));
}

NequIP::~NequIP() = default;

void NequIP::set_parameters(std::span<const double> parameters) {
    if (parameters.size() != parameters_.size()) throw InternalError("a NequIP was given parameters of the wrong number");
    std::copy(parameters.begin(), parameters.end(), parameters_.begin());
    const int intervals = architecture_.hyper.spline_intervals;
    if (double_) derive(architecture_, radial_, parameters_, intervals, double_->weights);
    if (single_) derive(architecture_, radial_, parameters_, intervals, single_->weights);
}

void NequIP::set_spline_intervals(int intervals) {
    if (intervals < 8) throw InputError("must be at least 8", "model.spline_intervals");
    architecture_.hyper.spline_intervals = intervals;
    set_parameters(std::vector<double>(parameters_));
}

std::optional<Tabulation> NequIP::tabulation() const {
    return SplineGuard(architecture_.hyper, parameters_).measure(architecture_.hyper.spline_intervals);
}

std::optional<Tabulation> NequIP::refine_tabulation() {
    // 16 times the default: an error that falls with the third power of the interval has fallen by 4000 there, and a table
    // of 350 columns takes 6 MB per layer.
    constexpr int finest = 4096;
    SplineGuard guard(architecture_.hyper, parameters_);
    const Tabulation table =
        TabulationGuard::refine(architecture_.hyper.spline_intervals, finest, [&](int intervals) { return guard.measure(intervals); });
    if (table.intervals != architecture_.hyper.spline_intervals) set_spline_intervals(table.intervals);
    return table;
}

void NequIP::evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const {
    if (double_)
        double_->evaluate(*this, graph, exchange, out);
    else
        single_->evaluate(*this, graph, exchange, out);
}

std::size_t NequIP::num_features() const { return architecture_.info(architecture_.readout.front()).shape[0]; }

void NequIP::count_operations(const Graph& graph, base::Profile& profile) const {
    for (const auto& [part, operations] : nequip::operations(architecture_, graph.num_local, graph.num_edges()))
        profile.add_operations(part, operations);
}

std::unique_ptr<TrainingPass> NequIP::make_training_pass() const {
    if (options_.radial == RadialMode::exact) throw InternalError("a NequIP is trained with its radial splines only");
    if (double_) return std::make_unique<GradientPass<double>>(double_->setup(*this, true));
    return std::make_unique<GradientPass<float>>(single_->setup(*this, true));
}

std::vector<double> initial_parameters(const Architecture& architecture, std::uint64_t seed) {
    base::Random random(seed);
    std::vector<double> parameters(architecture.parameter_count);
    for (std::size_t index = 0; index < architecture.parameters.size(); ++index) {
        const ParameterInfo& info = architecture.parameters[index];
        const bool network = info.name.find("radial_mlp") != std::string::npos || info.name.starts_with("readout");
        for (std::size_t k = 0; k < info.size; ++k) {
            double& value = parameters[info.offset + k];
            if (index == architecture.bessel)
                value = static_cast<double>(k + 1);
            else if (index == architecture.scales)
                value = 1;
            else if (index == architecture.shifts)
                value = 0;
            else
                value = network ? random.uniform(-std::sqrt(3.0), std::sqrt(3.0)) : random.normal();
        }
    }
    return parameters;
}

}  // namespace alkali::models::nequip
