#include "alkali/math/spherical_harmonics.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "support.hpp"

// What comes before the model: neighbour list (items: atoms) and spherical harmonics (items: edges).
namespace alkali::benchmarks {
namespace {

void neighbour_list(benchmark::State& state) {
    const auto structure = crystal(static_cast<int>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(structure::neighbour_list(structure, 6.0));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(structure.size()));
}

template <bool with_gradient>
void spherical_harmonics(benchmark::State& state) {
    const math::SphericalHarmonics harmonics(static_cast<int>(state.range(0)));
    const auto size = static_cast<std::size_t>(harmonics.size());
    const auto list = structure::neighbour_list(crystal(3), 6.0);
    std::vector<double> values(size);
    std::vector<Vec3> gradient(size);
    for (auto _ : state)
        for (const Vec3& r : list.vector) {
            const double length = r.norm();
            if constexpr (with_gradient)
                harmonics.evaluate(r / length, length, values, gradient);
            else
                harmonics.evaluate(r / length, values);
            benchmark::ClobberMemory();
        }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(list.edges()));
}

}  // namespace

void add_structure(const Peaks&) {
    // 54, 432, 2000 and 16000 atoms.
    benchmark::RegisterBenchmark("neighbour_list", neighbour_list)->Arg(3)->Arg(6)->Arg(10)->Arg(20)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("spherical_harmonics/values", spherical_harmonics<false>)->DenseRange(1, 4)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark("spherical_harmonics/gradients", spherical_harmonics<true>)
        ->DenseRange(1, 4)
        ->Unit(benchmark::kMicrosecond);
}

}  // namespace alkali::benchmarks
