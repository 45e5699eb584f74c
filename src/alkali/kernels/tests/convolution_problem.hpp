#pragma once
#include <array>
#include <string>
#include <vector>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/kernels.hpp"

/// Random inputs for the convolution kernels, and all four kernels run on them.
namespace alkali::kernels::testing {

enum class Radial { spline, rows };

/// What one problem looks like.
struct Shape {
    int l_input = 0, l_max = 0, l_output = 0;  ///< all paths with orders up to these
    std::vector<int> channels;                 ///< padded, by order of the input block
    Radial radial = Radial::spline;
    bool input_tangent = true;  ///< otherwise null: zero
};

/// Every number is exact in float32, so that problems of both precisions are the same problem. Atoms: 8 local and 3 ghosts;
/// local ones with 0, 1, 15, 16, 17, 33, 2 and 40 edges; at least one atom on which no edge ends. Lengths over the
/// cutoff lie in (0, 1.1), some on a knot, close to 0, at 1 and just below 1.
template <class T>
struct Problem {
    ConvolutionPlan plan;
    bool has_input_tangent = true;
    Radial radial = Radial::spline;
    int intervals = 12, local = 8, atoms = 11;
    std::vector<std::int64_t> first, incoming_first;
    std::vector<int> neighbour;
    std::vector<std::int32_t> incoming_edge, incoming_centre;
    double r_max = 5;                                        ///< angstrom
    std::vector<Vec3> vector, vector_tangent;                ///< (E)
    base::AlignedVector<T> input, input_tangent;             ///< (atoms, input_width)
    base::AlignedVector<T> output_gradient, output_adjoint;  ///< (local, output_width)
    base::AlignedVector<T> coefficients;                     ///< (intervals + 3, weight_width)
    base::AlignedVector<T> rows, slopes;                     ///< (E, weight_width)

    [[nodiscard]] std::size_t edges() const { return neighbour.size(); }
    [[nodiscard]] RadialView<T> radial_view() const;
    [[nodiscard]] EdgeView edge_view() const { return {vector.data(), nullptr, r_max, false}; }
};

template <class T>
[[nodiscard]] Problem<T> make_problem(const Shape& shape, std::uint64_t seed);

/// Everything but what is written.
template <class T>
[[nodiscard]] ConvolveForward<T> forward_view(const Problem<T>& problem);
template <class T>
[[nodiscard]] ConvolveBackward<T> backward_view(const Problem<T>& problem);

using Array = std::vector<double>;

/// Results in float64 for comparison.
struct Backward {
    Array input;
    Array edges;  ///< (E, 3)
};
struct TangentBackward {
    Array input, coefficients, rows, slopes;
};

enum class InputGradient { wanted, null };

template <class T>
[[nodiscard]] Array run_forward(const KernelSet<T>& kernels, const Problem<T>& problem);
template <class T>
[[nodiscard]] Array run_tangent(const KernelSet<T>& kernels, const Problem<T>& problem);
template <class T>
[[nodiscard]] Backward run_backward(const KernelSet<T>& kernels, const Problem<T>& problem, InputGradient wanted = InputGradient::wanted);
template <class T>
[[nodiscard]] TangentBackward run_tangent_backward(const KernelSet<T>& kernels, const Problem<T>& problem,
                                                   InputGradient wanted = InputGradient::wanted);

/// Largest absolute entry, and largest absolute difference over it (0 for two arrays of zeros).
[[nodiscard]] double largest(const Array& a);
[[nodiscard]] double relative_difference(const Array& a, const Array& b);
[[nodiscard]] double dot(const Array& a, const Array& b);
[[nodiscard]] Array flattened(const std::vector<Vec3>& vectors);

template <class T>
[[nodiscard]] Array to_double(const base::AlignedVector<T>& values) {
    return {values.begin(), values.end()};
}

/// Reference and every SIMD set of this processor.
template <class T>
[[nodiscard]] std::vector<KernelSet<T>> all_kernels() {
    auto sets = simd_kernels<T>();
    sets.push_back(reference_kernels<T>());
    return sets;
}

}  // namespace alkali::kernels::testing
