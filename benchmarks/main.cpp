#include <omp.h>

#include "support.hpp"

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    omp_set_num_threads(1);
    const alkali::benchmarks::Peaks peaks;
    for (const auto add : {alkali::benchmarks::add_convolution, alkali::benchmarks::add_matrix_product, alkali::benchmarks::add_activation,
                           alkali::benchmarks::add_structure, alkali::benchmarks::add_nequip})
        add(peaks);
    benchmark::AddCustomContext("peak_float32_gflops", std::to_string(peaks.of<float>()));
    benchmark::AddCustomContext("peak_float64_gflops", std::to_string(peaks.of<double>()));
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
