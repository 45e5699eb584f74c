#include "support.hpp"

#include "alkali/kernels/contract/machine.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::benchmarks {
Peaks::Peaks() : float32_(kernels::measured_peak<float>(1)), float64_(kernels::measured_peak<double>(1)) {}

void count_operations(benchmark::State& state, double operations, double peak_gflops) {
    using benchmark::Counter;
    const auto per_second = Counter::kIsIterationInvariantRate;
    state.counters["GFLOP/s"] = Counter(1e-9 * operations, per_second);
    if (peak_gflops > 0) state.counters["%peak"] = Counter(1e-7 * operations / peak_gflops, per_second);
}

structure::Structure crystal(int n) {
    base::Random random(1);
    return structure::rattled(structure::repeated(structure::bcc("Li", 3.434), {n, n, n}), 0.05, random);
}

models::StructureGraph crystal_graph(int n, double cutoff) {
    const std::vector<std::string> types = {"Li"};
    return models::structure_graph(crystal(n), types, cutoff, "benchmark");
}

models::nequip::Hyperparameters hyperparameters(int l_max, models::Precision precision) {
    return models::nequip::Hyperparameters::from_json({{"type_names", {"Li"}},
                                                       {"r_max", 6.0},
                                                       {"num_layers", 4},
                                                       {"l_max", l_max},
                                                       {"parity", false},
                                                       {"num_features", 32},
                                                       {"num_bessels", 8},
                                                       {"polynomial_cutoff_p", 6},
                                                       {"radial_mlp_depth", 2},
                                                       {"radial_mlp_width", 64},
                                                       {"avg_num_neighbors", 58.0},
                                                       {"model_dtype", models::to_string(precision)}});
}

}  // namespace alkali::benchmarks
