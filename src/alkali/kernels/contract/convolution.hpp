#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "alkali/math/rounding.hpp"
#include "alkali/math/types.hpp"

/// The tensor-product convolution of an equivariant message-passing layer and its derivatives: shapes and meaning.
///
/// Rows. Node features are rows of blocks, one per irreducible representation: block = (2l+1) components x `channels`
/// values, channels fastest, `channels` padded with zeros to a multiple of `lane_padding`.
///
/// Forward, for every centre i and path p = (l1, l2 -> l3):
///   out_i[p][m3][u] = sum_{j in N(i)} w_ij[p][u] sum_{m1,m2} C[m1,m2,m3] in_j[m1][u] Y_ij[m2]
/// with the coupling coefficients C of math/coupling.hpp and the harmonics Y of the edge's direction.
/// w is a function of the edge's length over cutoff x alone: a cubic B-spline (RadialView) or rows given per edge.
/// The kernels take edges as vectors and give gradients with respect to these: lengths, directions and harmonics live
/// only inside a block of edges.
/// Source: Batzner et al., Nat. Commun. 13, 2453 (2022), eq. 5 (the layer), with weights per path and channel.
namespace alkali::kernels {

/// Every block of channels is padded to a multiple of this, one AVX-512 vector of float32.
inline constexpr int lane_padding = 16;
[[nodiscard]] constexpr int padded(int channels) { return (channels + lane_padding - 1) / lane_padding * lane_padding; }

struct Path {
    int l1 = 0, l2 = 0, l3 = 0;
    int channels = 0;  ///< padded
    int input = 0;     ///< offset of the input block in an input row
    int output = 0;    ///< offset of the output block in an output row
    int weight = 0;    ///< offset of the path's weights in a weight row
    int pairs = 0;     ///< offset of the path's (m1, m3) pairs in the folded couplings of an edge
};

/// One non-zero coefficient of a path. `pair` numbers the (m1, m3) pairs of the path that have any.
struct PathTerm {
    int m1 = 0, m2 = 0, m3 = 0, pair = 0;
    double value = 0;
};

/// One step of the recursion that builds the harmonics of order l from those of order l-1:
/// Y[up] += value * direction[axis] * Y[down], in ascending order of up.
struct HarmonicTerm {
    int up = 0, axis = 0, down = 0;
    double value = 0;
};

struct ConvolutionPlan {
    std::vector<Path> paths;
    std::vector<std::vector<PathTerm>> terms;  ///< per path, ascending in pair
    std::vector<HarmonicTerm> recursion;       ///< of the harmonics up to l_max
    int l_max = 0;
    int input_width = 0, output_width = 0, weight_width = 0;
    int num_pairs = 0;
    [[nodiscard]] int harmonics() const { return (l_max + 1) * (l_max + 1); }
};
/// Fills pairs, terms, num_pairs and the recursion from paths and l_max.
void complete(ConvolutionPlan& plan);

/// Edges as the kernels want them: neighbour minus centre.
struct EdgeView {
    const Vec3* vector = nullptr;    ///< (E) angstrom, none of length zero
    const double* cutoff = nullptr;  ///< (E) where it differs between edges, else null; angstrom
    double r_max = 0;                ///< cutoff of all edges otherwise; at and beyond the cutoff the weights are zero
    bool rounded = false;            ///< vectors are rounded to float32 first
    [[nodiscard]] double cutoff_of(std::int64_t edge) const { return cutoff ? cutoff[edge] : r_max; }
    [[nodiscard]] Vec3 at(std::int64_t edge) const { return rounded ? math::rounded_to_float(vector[edge]) : vector[edge]; }
};

/// Uniform cubic B-spline on x in [0, 1]: row k + m (m = 0..3) of (intervals + 3) x width serves the interval k.
/// Or, when `rows` is set, weights per edge (E, width) and, for derivatives, slopes dw/dx (E, width).
template <class T>
struct RadialView {
    const T* coefficients = nullptr;
    int intervals = 0;
    const T* rows = nullptr;
    const T* slopes = nullptr;
};

template <class T>
struct ConvolveForward {
    const ConvolutionPlan* plan = nullptr;
    EdgeView edges;
    RadialView<T> radial;
    const std::int64_t* first = nullptr;  ///< edges of centre i: first[i] .. first[i+1]-1
    const int* neighbour = nullptr;       ///< (E)
    const T* input = nullptr;             ///< (atoms, input_width)
    T* output = nullptr;                  ///< row of centre i at (i - output_begin); overwritten
    int output_begin = 0;
};

/// Gathered by neighbour: for every atom j, over the edges that end on j.
template <class T>
struct ConvolveBackward {
    const ConvolutionPlan* plan = nullptr;
    EdgeView edges;
    RadialView<T> radial;
    const std::int64_t* incoming_first = nullptr;  ///< (atoms + 1)
    const std::int32_t* incoming_edge = nullptr;
    const std::int32_t* incoming_centre = nullptr;
    const T* input = nullptr;                  ///< (atoms, input_width)
    const T* output_gradient = nullptr;        ///< dE/dout; row of centre i at output_row[i], or at i where that is null
    const std::int32_t* output_row = nullptr;  ///< (local)
    T* input_gradient = nullptr;               ///< (atoms, input_width), overwritten; may be null, may be the input itself
    Vec3* edge_gradient = nullptr;             ///< (E) dE/d(edge vector), added to

    /// Where the row of output_gradient that belongs to an incoming edge begins.
    [[nodiscard]] std::ptrdiff_t output_offset(std::int64_t slot) const {
        const std::int32_t centre = incoming_centre[slot];
        return static_cast<std::ptrdiff_t>(output_row ? output_row[centre] : centre) * plan->output_width;
    }
};

/// Directional derivative of the forward pass: tangents of input and edge vectors give the tangent of out.
template <class T>
struct ConvolveTangent {
    ConvolveForward<T> primal;           ///< output is not written
    const Vec3* edge_tangent = nullptr;  ///< (E)
    const T* input_tangent = nullptr;    ///< (atoms, input_width); null: zero
    T* output_tangent = nullptr;         ///< as output of the primal
};

/// Reverse of the tangent pass with respect to input and weights, for the objective O whose adjoint of out is
/// output_adjoint and whose adjoint of the tangent of out is output_gradient (= dE/dout).
template <class T>
struct ConvolveTangentBackward {
    ConvolveBackward<T> primal;          ///< input_gradient receives dO/dinput; edge_gradient unused
    const Vec3* edge_tangent = nullptr;  ///< (E)
    const T* input_tangent = nullptr;    ///< null: zero
    const T* output_adjoint = nullptr;   ///< (local, output_width)
    T* coefficient_gradient = nullptr;   ///< (intervals + 3, width) dO/dcoefficients, added to; or null
    T* row_gradient = nullptr;           ///< (E, width) dO/dw when the radial view has rows, overwritten; or null
    T* slope_gradient = nullptr;         ///< (E, width) dO/d(dw/dx), overwritten; or null
};

/// One implementation of all four; ranges are of centres (forward, tangent) or of atoms (backward).
template <class T>
struct ConvolutionKernels {
    void (*forward)(const ConvolveForward<T>&, int begin, int end);
    void (*backward)(const ConvolveBackward<T>&, int begin, int end);
    void (*tangent)(const ConvolveTangent<T>&, int begin, int end);
    void (*tangent_backward)(const ConvolveTangentBackward<T>&, int begin, int end);
};

}  // namespace alkali::kernels
