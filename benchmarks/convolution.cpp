#include <memory>

#include "alkali/kernels/contract/operations.hpp"
#include "alkali/models/nequip/architecture.hpp"
#include "support.hpp"

// The four convolution kernels on a middle layer of the usual NequIP, 54 atoms. GFLOP/s count the tensor product alone; the
// geometry, harmonics and spline evaluation inside the kernels are work on top of it.
namespace alkali::benchmarks {
namespace {

constexpr int cells = 3, intervals = 1024;

/// Every array the kernels read or write.
template <class T>
struct Problem {
    explicit Problem(int l_max)
        : architecture(hyperparameters(l_max, models::Precision::float64)),
          plan(architecture.layers[1].convolution),
          graph(crystal_graph(cells, architecture.hyper.r_max)) {
        const auto width = [&](std::size_t rows, int columns) { return rows * static_cast<std::size_t>(columns); };
        const std::size_t edges = graph.list.edges(), atoms = graph.types.size();
        tangent_vectors.assign(edges, Vec3(0.1, -0.2, 0.15));
        edge_gradient.assign(edges, Vec3::Zero());
        input = random_values<T>(width(atoms, plan.input_width));
        input_tangent = random_values<T>(input.size());
        output = random_values<T>(width(atoms, plan.output_width));
        output_gradient = random_values<T>(output.size());
        input_gradient.resize(input.size());
        coefficients = random_values<T>(width(intervals + 3, plan.weight_width));
        coefficient_gradient.resize(coefficients.size());
    }

    [[nodiscard]] int atoms() const { return static_cast<int>(graph.types.size()); }
    [[nodiscard]] double edges() const { return static_cast<double>(graph.list.edges()); }

    [[nodiscard]] kernels::ConvolveForward<T> forward() {
        kernels::ConvolveForward<T> a;
        a.plan = &plan;
        a.edges = {graph.list.vector.data(), nullptr, architecture.hyper.r_max, false};
        a.radial.coefficients = coefficients.data();
        a.radial.intervals = intervals;
        a.first = graph.list.first.data();
        a.neighbour = graph.list.neighbour.data();
        a.input = input.data();
        a.output = output.data();
        return a;
    }

    [[nodiscard]] kernels::ConvolveBackward<T> backward() {
        kernels::ConvolveBackward<T> a;
        a.plan = &plan;
        a.edges = {graph.list.vector.data(), nullptr, architecture.hyper.r_max, false};
        a.radial.coefficients = coefficients.data();
        a.radial.intervals = intervals;
        a.incoming_first = graph.incoming.first.data();
        a.incoming_edge = graph.incoming.edge.data();
        a.incoming_centre = graph.incoming.centre.data();
        a.input = input.data();
        a.output_gradient = output_gradient.data();
        a.input_gradient = input_gradient.data();
        a.edge_gradient = edge_gradient.data();
        return a;
    }

    [[nodiscard]] kernels::ConvolveTangent<T> tangent() {
        kernels::ConvolveTangent<T> a;
        a.primal = forward();
        a.edge_tangent = tangent_vectors.data();
        a.input_tangent = input_tangent.data();
        a.output_tangent = output.data();
        return a;
    }

    [[nodiscard]] kernels::ConvolveTangentBackward<T> tangent_backward() {
        kernels::ConvolveTangentBackward<T> a;
        a.primal = backward();
        a.edge_tangent = tangent_vectors.data();
        a.input_tangent = input_tangent.data();
        a.output_adjoint = output.data();
        a.coefficient_gradient = coefficient_gradient.data();
        return a;
    }

    models::nequip::Architecture architecture;
    kernels::ConvolutionPlan plan;
    models::StructureGraph graph;
    std::vector<Vec3> tangent_vectors, edge_gradient;
    base::AlignedVector<T> input, input_tangent, output, output_gradient, input_gradient, coefficients, coefficient_gradient;
};

/// Registers one kernel; run(problem) calls it for all atoms.
template <class T, class Run>
void add(const std::string& name, const std::shared_ptr<Problem<T>>& problem, double operations_per_edge, double peak, Run run) {
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        for (auto _ : state) {
            run(*problem);
            benchmark::ClobberMemory();
        }
        count_operations(state, operations_per_edge * problem->edges(), peak);
        state.counters["us/atom"] = benchmark::Counter(static_cast<double>(problem->atoms()) * 1e-6,
                                                       benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    })->Unit(benchmark::kMillisecond);
}

template <class T>
void add_precision(double peak) {
    for (int l_max = 1; l_max <= 3; ++l_max) {
        const auto problem = std::make_shared<Problem<T>>(l_max);
        const auto operations = kernels::convolution_operations(problem->plan);
        for (const auto& set : all_kernels<T>()) {
            const auto k = set.convolution;
            const auto name = [&](const char* kernel) {
                return std::string("convolution/") + kernel + "/l" + std::to_string(l_max) + "/" + type_name<T>() + "/" + set.name;
            };
            add(name("forward"), problem, operations.forward, peak, [k](auto& p) { k.forward(p.forward(), 0, p.atoms()); });
            add(name("backward"), problem, operations.backward, peak, [k](auto& p) { k.backward(p.backward(), 0, p.atoms()); });
            add(name("tangent"), problem, operations.tangent, peak, [k](auto& p) { k.tangent(p.tangent(), 0, p.atoms()); });
            add(name("tangent_backward"), problem, operations.tangent_backward, peak,
                [k](auto& p) { k.tangent_backward(p.tangent_backward(), 0, p.atoms()); });
        }
    }
}

}  // namespace

void add_convolution(const Peaks& peaks) {
    add_precision<float>(peaks.of<float>());
    add_precision<double>(peaks.of<double>());
}

}  // namespace alkali::benchmarks
