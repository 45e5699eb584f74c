#include <memory>

#include "alkali/kernels/contract/operations.hpp"
#include "alkali/math/spherical_harmonics.hpp"
#include "alkali/models/nequip/architecture.hpp"
#include "support.hpp"

// The four convolution kernels on a middle layer of the usual NequIP, 54 atoms. GFLOP/s count the tensor product alone; the
// spline evaluation inside the kernels is work on top of it.
namespace alkali::benchmarks {
namespace {

constexpr int cells = 3, intervals = 1024;

/// Every array the kernels read or write.
template <class T>
struct Problem {
    explicit Problem(int l_max)
        : architecture(hyperparameters(l_max, models::Precision::float64)),
          plan(architecture.layers[1].convolution),
          graph(crystal_graph(cells, architecture.hyper.r_max)),
          incoming(models::incoming_edges(graph.view())) {
        const auto width = [&](std::size_t rows, int columns) { return rows * static_cast<std::size_t>(columns); };
        const std::size_t edges = graph.list.edges(), atoms = graph.types.size();
        math::SphericalHarmonics spherical(l_max);
        std::vector<double> values(static_cast<std::size_t>(spherical.size()));
        for (const Vec3& r : graph.list.vector) {
            x.push_back(r.norm() / architecture.hyper.r_max);
            spherical.evaluate(r.normalized(), values);
            harmonics.insert(harmonics.end(), values.begin(), values.end());
        }
        x_tangent.assign(edges, 0.1);
        harmonics_tangent = random_values<T>(harmonics.size());
        input = random_values<T>(width(atoms, plan.input_width));
        input_tangent = random_values<T>(input.size());
        output = random_values<T>(width(atoms, plan.output_width));
        output_gradient = random_values<T>(output.size());
        input_gradient.resize(input.size());
        x_gradient.assign(edges, 0);
        harmonics_gradient.assign(harmonics.size(), 0);
        coefficients = random_values<T>(width(intervals + 3, plan.weight_width));
        coefficient_gradient.resize(coefficients.size());
    }

    [[nodiscard]] int atoms() const { return static_cast<int>(graph.types.size()); }
    [[nodiscard]] double edges() const { return static_cast<double>(graph.list.edges()); }

    [[nodiscard]] kernels::ConvolveForward<T> forward() {
        kernels::ConvolveForward<T> a;
        a.plan = &plan;
        a.edges = {x.data(), harmonics.data()};
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
        a.edges = {x.data(), harmonics.data()};
        a.radial.coefficients = coefficients.data();
        a.radial.intervals = intervals;
        a.incoming_first = incoming.first.data();
        a.incoming_edge = incoming.edge.data();
        a.incoming_centre = incoming.centre.data();
        a.input = input.data();
        a.output_gradient = output_gradient.data();
        a.input_gradient = input_gradient.data();
        a.x_gradient = x_gradient.data();
        a.harmonics_gradient = harmonics_gradient.data();
        return a;
    }

    [[nodiscard]] kernels::ConvolveTangent<T> tangent() {
        kernels::ConvolveTangent<T> a;
        a.primal = forward();
        a.edge_tangent = {x_tangent.data(), harmonics_tangent.data()};
        a.input_tangent = input_tangent.data();
        a.output_tangent = output.data();
        return a;
    }

    [[nodiscard]] kernels::ConvolveTangentBackward<T> tangent_backward() {
        kernels::ConvolveTangentBackward<T> a;
        a.primal = backward();
        a.edge_tangent = {x_tangent.data(), harmonics_tangent.data()};
        a.input_tangent = input_tangent.data();
        a.output_adjoint = output.data();
        a.coefficient_gradient = coefficient_gradient.data();
        return a;
    }

    models::nequip::Architecture architecture;
    kernels::ConvolutionPlan plan;
    models::StructureGraph graph;
    models::IncomingEdges incoming;
    std::vector<double> x, x_tangent, x_gradient, harmonics_gradient;
    base::AlignedVector<T> harmonics, harmonics_tangent, input, input_tangent, output, output_gradient, input_gradient, coefficients,
        coefficient_gradient;
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
