#include "convolution_problem.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "alkali/base/random.hpp"
#include "alkali/math/coupling.hpp"

namespace alkali::kernels::testing {
namespace {

constexpr std::array<int, 8> edges_per_atom = {0, 1, 15, 16, 17, 33, 2, 40};
constexpr int loneliest = 5;  ///< no edge ends on this atom

/// All paths up to the orders of the shape; outputs one after another.
ConvolutionPlan make_plan(const Shape& shape) {
    ConvolutionPlan plan;
    plan.l_max = shape.l_max;
    std::vector<int> offset;
    for (int l = 0; l <= shape.l_input; ++l) {
        offset.push_back(plan.input_width);
        plan.input_width += (2 * l + 1) * shape.channels[static_cast<std::size_t>(l)];
    }
    for (int l1 = 0; l1 <= shape.l_input; ++l1)
        for (int l2 = 0; l2 <= shape.l_max; ++l2)
            for (int l3 = 0; l3 <= shape.l_output; ++l3) {
                if (!math::coupled(l1, l2, l3)) continue;
                const int channels = shape.channels[static_cast<std::size_t>(l1)];
                plan.paths.push_back({l1, l2, l3, channels, offset[static_cast<std::size_t>(l1)], plan.output_width, plan.weight_width, 0});
                plan.output_width += (2 * l3 + 1) * channels;
                plan.weight_width += channels;
            }
    complete(plan);
    return plan;
}

template <class T>
base::AlignedVector<T> random_values(base::Random& random, std::size_t size) {
    base::AlignedVector<T> values(size);
    for (T& v : values) v = static_cast<T>(static_cast<float>(random.normal()));
    return values;
}

template <class T>
void connect(Problem<T>& p, base::Random& random) {
    p.first.push_back(0);
    for (const int count : edges_per_atom) {
        for (int e = 0; e < count; ++e) {
            int j = loneliest;
            while (j == loneliest) j = static_cast<int>(random.below(static_cast<std::uint64_t>(p.atoms)));
            p.neighbour.push_back(j);
        }
        p.first.push_back(static_cast<std::int64_t>(p.neighbour.size()));
    }
    p.incoming_first.push_back(0);
    for (int j = 0; j < p.atoms; ++j) {
        for (int i = 0; i < p.local; ++i)
            for (std::int64_t e = p.first[static_cast<std::size_t>(i)]; e < p.first[static_cast<std::size_t>(i) + 1]; ++e)
                if (p.neighbour[static_cast<std::size_t>(e)] == j) {
                    p.incoming_edge.push_back(static_cast<std::int32_t>(e));
                    p.incoming_centre.push_back(i);
                }
        p.incoming_first.push_back(static_cast<std::int64_t>(p.incoming_edge.size()));
    }
}

/// Rubbish that must be overwritten.
template <class T>
base::AlignedVector<T> rubbish(std::size_t size) {
    return base::AlignedVector<T>(size, T(1e30));
}

std::size_t product(std::size_t a, int b) { return a * static_cast<std::size_t>(b); }

}  // namespace

template <class T>
RadialView<T> Problem<T>::radial_view() const {
    RadialView<T> view;
    if (radial == Radial::spline) {
        view.coefficients = coefficients.data();
        view.intervals = intervals;
    } else {
        view.rows = rows.data();
        view.slopes = slopes.data();
    }
    return view;
}

template <class T>
ConvolveForward<T> forward_view(const Problem<T>& p) {
    ConvolveForward<T> a;
    a.plan = &p.plan;
    a.edges = p.edge_view();
    a.radial = p.radial_view();
    a.first = p.first.data();
    a.neighbour = p.neighbour.data();
    a.input = p.input.data();
    return a;
}

template <class T>
ConvolveBackward<T> backward_view(const Problem<T>& p) {
    ConvolveBackward<T> a;
    a.plan = &p.plan;
    a.edges = p.edge_view();
    a.radial = p.radial_view();
    a.incoming_first = p.incoming_first.data();
    a.incoming_edge = p.incoming_edge.data();
    a.incoming_centre = p.incoming_centre.data();
    a.input = p.input.data();
    a.output_gradient = p.output_gradient.data();
    return a;
}

template <class T>
Problem<T> make_problem(const Shape& shape, std::uint64_t seed) {
    base::Random random(seed);
    Problem<T> p;
    p.plan = make_plan(shape);
    p.radial = shape.radial;
    p.has_input_tangent = shape.input_tangent;
    connect(p, random);
    const std::size_t edges = p.edges();
    // Where intervals meet, close to both ends, and beyond the cutoff. The cutoff itself along an axis, so that the length is exact.
    const std::array<double, 6> special = {1e-3, 1.0, std::nextafter(1.0, 0.0), 1.0 / p.intervals, 11.0 / p.intervals, 1.0999};
    for (std::size_t e = 0; e < edges; ++e) {
        const Vec3 direction = Vec3(random.normal(), random.normal(), random.normal()).normalized();
        p.vector.push_back(p.r_max * random.uniform(0.01, 1.1) * direction);
        p.vector_tangent.push_back(Vec3(random.normal(), random.normal(), random.normal()));
    }
    for (std::size_t k = 0; k < special.size(); ++k) p.vector[20 + 3 * k] = Vec3(0, 0, special[k] * p.r_max);
    p.input = random_values<T>(random, product(static_cast<std::size_t>(p.atoms), p.plan.input_width));
    p.input_tangent = random_values<T>(random, p.input.size());
    p.output_gradient = random_values<T>(random, product(static_cast<std::size_t>(p.local), p.plan.output_width));
    p.output_adjoint = random_values<T>(random, p.output_gradient.size());
    p.coefficients = random_values<T>(random, product(static_cast<std::size_t>(p.intervals) + 3, p.plan.weight_width));
    p.rows = random_values<T>(random, product(edges, p.plan.weight_width));
    p.slopes = random_values<T>(random, p.rows.size());
    return p;
}

// Forward and tangent go in two tasks, the second with its output at an offset, as the models call them.
template <class T>
Array run_forward(const KernelSet<T>& kernels, const Problem<T>& p) {
    auto out = rubbish<T>(p.output_gradient.size());
    auto a = forward_view(p);
    a.output = out.data();
    kernels.convolution.forward(a, 0, 3);
    a.output = out.data() + product(3, p.plan.output_width);
    a.output_begin = 3;
    kernels.convolution.forward(a, 3, p.local);
    return to_double(out);
}

template <class T>
Array run_tangent(const KernelSet<T>& kernels, const Problem<T>& p) {
    auto out = rubbish<T>(p.output_gradient.size());
    ConvolveTangent<T> a;
    a.primal = forward_view(p);
    a.edge_tangent = p.vector_tangent.data();
    a.input_tangent = p.has_input_tangent ? p.input_tangent.data() : nullptr;
    a.output_tangent = out.data();
    kernels.convolution.tangent(a, 0, 4);
    a.output_tangent = out.data() + product(4, p.plan.output_width);
    a.primal.output_begin = 4;
    kernels.convolution.tangent(a, 4, p.local);
    return to_double(out);
}

template <class T>
Backward run_backward(const KernelSet<T>& kernels, const Problem<T>& p, InputGradient wanted) {
    auto input = rubbish<T>(p.input.size());
    Backward result;
    std::vector<Vec3> edges(p.edges(), Vec3::Zero());
    auto a = backward_view(p);
    a.input_gradient = wanted == InputGradient::wanted ? input.data() : nullptr;
    a.edge_gradient = edges.data();
    kernels.convolution.backward(a, 0, 6);
    kernels.convolution.backward(a, 6, p.atoms);
    if (a.input_gradient) result.input = to_double(input);
    result.edges = flattened(edges);
    return result;
}

template <class T>
TangentBackward run_tangent_backward(const KernelSet<T>& kernels, const Problem<T>& p, InputGradient wanted) {
    auto input = rubbish<T>(p.input.size());
    base::AlignedVector<T> coefficients(p.coefficients.size(), T(0)), rows = rubbish<T>(p.rows.size()), slopes = rows;
    ConvolveTangentBackward<T> a;
    a.primal = backward_view(p);
    a.primal.input_gradient = wanted == InputGradient::wanted ? input.data() : nullptr;
    a.edge_tangent = p.vector_tangent.data();
    a.input_tangent = p.has_input_tangent ? p.input_tangent.data() : nullptr;
    a.output_adjoint = p.output_adjoint.data();
    if (p.radial == Radial::spline) {
        a.coefficient_gradient = coefficients.data();
    } else {
        a.row_gradient = rows.data();
        a.slope_gradient = slopes.data();
    }
    kernels.convolution.tangent_backward(a, 0, 5);
    kernels.convolution.tangent_backward(a, 5, p.atoms);
    TangentBackward result;
    if (a.primal.input_gradient) result.input = to_double(input);
    if (a.coefficient_gradient) result.coefficients = to_double(coefficients);
    if (a.row_gradient) {
        result.rows = to_double(rows);
        result.slopes = to_double(slopes);
    }
    return result;
}

double largest(const Array& a) {
    double most = 0;
    for (const double v : a) most = std::isnan(v) ? HUGE_VAL : std::max(most, std::abs(v));
    return most;
}

double relative_difference(const Array& a, const Array& b) {
    if (a.size() != b.size()) return HUGE_VAL;
    Array difference(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
    const double scale = std::max(largest(a), largest(b));
    return scale > 0 ? largest(difference) / scale : 0;
}

double dot(const Array& a, const Array& b) {
    if (a.size() != b.size()) std::abort();
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

Array flattened(const std::vector<Vec3>& vectors) {
    Array values;
    for (const Vec3& v : vectors) values.insert(values.end(), v.data(), v.data() + 3);
    return values;
}

#define ALKALI_INSTANTIATE(T)                                                                 \
    template struct Problem<T>;                                                               \
    template Problem<T> make_problem<T>(const Shape&, std::uint64_t);                         \
    template ConvolveForward<T> forward_view<T>(const Problem<T>&);                           \
    template ConvolveBackward<T> backward_view<T>(const Problem<T>&);                         \
    template Array run_forward<T>(const KernelSet<T>&, const Problem<T>&);                    \
    template Array run_tangent<T>(const KernelSet<T>&, const Problem<T>&);                    \
    template Backward run_backward<T>(const KernelSet<T>&, const Problem<T>&, InputGradient); \
    template TangentBackward run_tangent_backward<T>(const KernelSet<T>&, const Problem<T>&, InputGradient);
ALKALI_INSTANTIATE(float)
ALKALI_INSTANTIATE(double)
#undef ALKALI_INSTANTIATE

}  // namespace alkali::kernels::testing
