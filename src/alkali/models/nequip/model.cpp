#include "alkali/models/nequip/model.hpp"

#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/models/contract/shared.hpp"
#include "alkali/models/nequip/gradient.hpp"
#include "alkali/models/nequip/guard.hpp"
#include "alkali/models/nequip/operations.hpp"

namespace alkali::models::nequip {

namespace {

/// At most so many intervals in inference, 16 times the default: an error that falls with the third power of the interval has
/// fallen by 4000 there, and a table of 350 columns takes 6 MB per layer.
constexpr int finest_splines = 4096;

}  // namespace

/// Weights in one precision, and passes that wait to be used again where the graph brings none.
template <class T>
struct NequIP::Engine {
    const kernels::KernelSet<T>* kernels = nullptr;
    Weights<T> weights;
    Workspaces own;

    explicit Engine(const std::string& instruction_set) : kernels(&kernels::kernels_named<T>(instruction_set)) {}

    PassSetup<T> setup(const NequIP& model, bool keep) const {
        PassSetup<T> setup;
        setup.architecture = &model.architecture();
        setup.radial = &model.radial_;
        setup.weights = &weights;
        setup.kernels = kernels;
        setup.parameters = model.parameters();
        setup.mode = model.options_.radial;
        setup.round_geometry = model.precision() == Precision::float32;
        setup.keep = keep;
        setup.most_bytes_held = model.options_.most_bytes_held;
        return setup;
    }
};

NequIP::NequIP(Hyperparameters hyperparameters, EvaluationOptions options)
    : TabulatedModel(std::move(hyperparameters),
                     {&Hyperparameters::spline_intervals, "spline_intervals", least_spline_intervals, finest_splines}),
      options_(std::move(options)) {
    for (int k = 0; k < architecture().hyper.num_layers; ++k) radial_.emplace_back(architecture(), k, kernels::fastest_kernels<double>());
    if (precision() == Precision::float64)
        engine_ = std::make_unique<Engine<double>>(options_.instruction_set);
    else
        engine_ = std::make_unique<Engine<float>>(options_.instruction_set);
    derive_weights();
}

NequIP::~NequIP() = default;

void NequIP::derive_weights() {
    std::visit([&](auto& engine) { derive(architecture(), radial_, parameters(), architecture().hyper.spline_intervals, engine->weights); },
               engine_);
}

std::function<Tabulation(int)> NequIP::table_errors() const {
    const auto guard = std::make_shared<SplineGuard>(architecture().hyper, parameters());
    return [guard](int intervals) { return guard->measure(intervals); };
}

void NequIP::evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const {
    std::visit(
        [&]<class T>(const std::unique_ptr<Engine<T>>& engine) {
            with_workspace<Pass<T>>(graph, engine->own, [&](Pass<T>& pass) {
                pass.use(engine->setup(*this, false));
                pass.evaluate(graph, exchange, out);
            });
        },
        engine_);
}

std::size_t NequIP::num_features() const { return architecture().info(architecture().readout.front()).shape[0]; }

void NequIP::count_operations(const Graph& graph, base::Profile& profile) const {
    for (const auto& [part, operations] : nequip::operations(architecture(), graph.num_local, graph.num_edges()))
        profile.add_operations(part, operations);
}

std::unique_ptr<TrainingPass> NequIP::make_training_pass() const {
    if (options_.radial == RadialMode::exact) throw InternalError("a NequIP is trained with its radial splines only");
    return std::visit(
        [&]<class T>(const std::unique_ptr<Engine<T>>& engine) -> std::unique_ptr<TrainingPass> {
            return std::make_unique<GradientPass<T>>(engine->setup(*this, true));
        },
        engine_);
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
