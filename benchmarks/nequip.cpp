#include <memory>

#include "alkali/models/nequip/model.hpp"
#include "alkali/models/nequip/operations.hpp"
#include "alkali/training/batch.hpp"
#include "support.hpp"

// Whole passes of the usual NequIP: evaluation of 432 atoms, and evaluation with parameter gradient of five frames of 54.
namespace alkali::benchmarks {
namespace {

using models::nequip::NequIP;

/// Random parameters on the fastest kernels or those named.
std::shared_ptr<const NequIP> model(int l_max, models::Precision precision, const std::string& instruction_set) {
    models::nequip::EvaluationOptions options;
    options.instruction_set = instruction_set;
    auto model = std::make_shared<NequIP>(hyperparameters(l_max, precision), options);
    model->set_parameters(models::nequip::initial_parameters(model->architecture(), 1));
    return model;
}

benchmark::Counter per_atom(double atoms) {
    return {atoms * 1e-6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

void evaluate(benchmark::State& state, const NequIP& model, double peak) {
    const auto graph = crystal_graph(6, model.cutoff());
    std::vector<double> energies(graph.types.size());
    std::vector<Vec3> gradient(graph.list.edges());
    models::NoExchange exchange;
    for (auto _ : state) model.evaluate(graph.view(), exchange, {energies, gradient});
    base::Profile profile;
    model.count_operations(graph.view(), profile);
    count_operations(state, profile.operations(), peak);
    state.counters["us/atom"] = per_atom(static_cast<double>(graph.types.size()));
}

void train(benchmark::State& state, const NequIP& model) {
    std::vector<structure::Frame> frames(5);
    for (auto& frame : frames) frame.structure = crystal(3);
    const training::GraphSet set(std::move(frames), model.type_names(), model.cutoff());
    const std::vector<std::size_t> all = {0, 1, 2, 3, 4};
    const training::Batch batch(set, all);
    std::vector<double> energies(batch.atoms()), gradient(model.parameters().size());
    const std::vector<double> energy_seeds(batch.atoms(), 1e-2);
    std::vector<Vec3> edge_gradient(batch.edges()), edge_seeds(batch.edges(), Vec3(1e-2, -1e-2, 2e-2));
    const auto pass = model.make_training_pass();
    for (auto _ : state) {
        pass->evaluate(batch.graph(), {energies, edge_gradient});
        pass->accumulate_gradient({energy_seeds, edge_seeds}, gradient);
    }
    state.counters["us/atom"] = per_atom(static_cast<double>(batch.atoms()));
}

void add(int l_max, models::Precision precision, const std::string& set, double peak) {
    const auto name = "/l" + std::to_string(l_max) + "/" + std::string(models::to_string(precision)) + "/" + set;
    // Built when run: a model's tables take memory and time.
    benchmark::RegisterBenchmark(("nequip/evaluate" + name).c_str(), [=](benchmark::State& state) {
        evaluate(state, *model(l_max, precision, set), peak);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("nequip/train" + name).c_str(), [=](benchmark::State& state) {
        train(state, *model(l_max, precision, set));
    })->Unit(benchmark::kMillisecond);
}

}  // namespace

void add_nequip(const Peaks& peaks) {
    for (int l_max = 1; l_max <= 3; ++l_max) {
        for (const auto& set : kernels::simd_kernels<float>()) add(l_max, models::Precision::mixed, set.name, peaks.of<float>());
        for (const auto& set : kernels::simd_kernels<double>()) add(l_max, models::Precision::float64, set.name, peaks.of<double>());
    }
}

}  // namespace alkali::benchmarks
