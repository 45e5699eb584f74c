#include "support.hpp"

// Values and first derivatives of silu and tanh, 96 values (the scalars and gates of an atom).
namespace alkali::benchmarks {
namespace {

constexpr std::size_t length = 96;

template <class T>
void activate(benchmark::State& state, const kernels::ActivationKernel<T>& kernel, kernels::Activation kind) {
    const auto z = random_values<T>(length);
    base::AlignedVector<T> value(length), first(length);
    const kernels::Activate<T> call{kind, static_cast<long>(length), z.data(), value.data(), first.data(), nullptr};
    for (auto _ : state) {
        kernel(call);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(length));
}

template <class T>
void add_precision() {
    for (const auto& [name, kind] : {std::pair{"silu", kernels::Activation::silu}, std::pair{"tanh", kernels::Activation::tanh}})
        for (const auto& set : all_kernels<T>()) {
            const auto full = std::string("activation/") + name + "/" + type_name<T>() + "/" + set.name;
            const auto kernel = set.activation;
            const auto which = kind;
            benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) { activate<T>(state, kernel, which); });
        }
}

}  // namespace

void add_activation(const Peaks&) {
    add_precision<float>();
    add_precision<double>();
}

}  // namespace alkali::benchmarks
