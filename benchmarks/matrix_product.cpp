#include "support.hpp"

// The linear maps' product, 32 rows (a chunk of atoms): square ones of the usual widths, and the tall inner index of linear_2.
namespace alkali::benchmarks {
namespace {

struct Sizes {
    int rows, inner, columns;
};
constexpr std::array<Sizes, 4> sizes = {{{32, 32, 32}, {32, 96, 96}, {32, 128, 32}, {32, 64, 64}}};

template <class T>
void multiply(benchmark::State& state, const kernels::MatrixProductKernel<T>& kernel, const Sizes& size, double peak) {
    const auto values = [](int rows, int columns) { return random_values<T>(static_cast<std::size_t>(rows * columns)); };
    const auto a = values(size.rows, size.inner), b = values(size.inner, size.columns);
    auto c = values(size.rows, size.columns);
    kernels::MatrixProduct<T> product;
    product.rows = size.rows;
    product.inner = size.inner;
    product.columns = size.columns;
    product.a = a.data();
    product.a_row = size.inner;
    product.b = b.data();
    product.b_inner = size.columns;
    product.c = c.data();
    product.c_row = size.columns;
    for (auto _ : state) {
        kernel(product);
        benchmark::ClobberMemory();
    }
    count_operations(state, 2.0 * size.rows * size.inner * size.columns, peak);
}

template <class T>
void add_precision(double peak) {
    for (const Sizes& size : sizes)
        for (const auto& set : all_kernels<T>()) {
            const auto name = "matrix_product/" + std::to_string(size.rows) + "x" + std::to_string(size.inner) + "x" +
                              std::to_string(size.columns) + "/" + type_name<T>() + "/" + set.name;
            const auto kernel = set.matrix_product;
            benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { multiply<T>(state, kernel, size, peak); });
        }
}

}  // namespace

void add_matrix_product(const Peaks& peaks) {
    add_precision<float>(peaks.of<float>());
    add_precision<double>(peaks.of<double>());
}

}  // namespace alkali::benchmarks
