#pragma once
#include <cstdint>

/// Neighbours of an atom summed up with learned functions of their distance: the descriptor of a Deep Potential.
///   M_i[k][c] = sum over the edges e of i of q_e[k] G_e[c],   k = 0..3, c = 0..width-1
/// q: 4 numbers of an edge (Zhang et al., NeurIPS 31, 4436 (2018), eq. 5, over the number of neighbours). G_e[c] is a cubic B-spline of
/// one number of the edge: G_e[c] = sum_m basis_e[m] table[row_e + m][c], m = 0..3.
/// Rows of M are (4, width), c fastest; width is a multiple of lane_padding.
namespace alkali::kernels {

template <class T>
struct EmbeddingEdges {
    const std::int32_t* first = nullptr;  ///< (atoms + 1) edges of atom i are first[i] .. first[i+1]-1
    const std::int32_t* row = nullptr;    ///< (E) first of an edge's four rows of the table
    const T* basis = nullptr;             ///< (E, 4)
    const T* slope = nullptr;             ///< (E, 4) d basis / d(the edge's number)
    const T* q = nullptr;                 ///< (E, 4)
    const T* table = nullptr;             ///< (rows, width)
    int width = 0;
};

/// moments: (atoms, 4, width), written.
template <class T>
struct EmbedForward {
    EmbeddingEdges<T> edges;
    T* moments = nullptr;
};

/// From dE/dM to gradient (E, 5), written: dE/dq[0..3], and dE/d(the edge's number) through G.
template <class T>
struct EmbedBackward {
    EmbeddingEdges<T> edges;
    const T* moment_gradient = nullptr;  ///< (atoms, 4, width)
    T* gradient = nullptr;
};

/// Tangent of M where q moves by q_tangent and the edge's number by number_tangent.
template <class T>
struct EmbedTangent {
    EmbeddingEdges<T> edges;
    const T* q_tangent = nullptr;       ///< (E, 4)
    const T* number_tangent = nullptr;  ///< (E)
    T* moments_tangent = nullptr;       ///< (atoms, 4, width), written
};

/// The share of the table in O = <adjoint, M> + <tangent_adjoint, tangent of M>; table_gradient (rows, width) is added to.
template <class T>
struct EmbedTangentBackward {
    EmbedTangent<T> tangent;             ///< moments_tangent is not looked at
    const T* adjoint = nullptr;          ///< (atoms, 4, width)
    const T* tangent_adjoint = nullptr;  ///< (atoms, 4, width)
    T* table_gradient = nullptr;
};

/// D[a][c] = sum_k M[k][a] M[k][c] for a < axis, a <= c < channels, row a after row a-1 without gaps: the part of the descriptor
/// M[:axis]^T M that is not its own mirror image. Length: gram_size().
template <class T>
struct Gram {
    int atoms = 0, channels = 0, axis = 0, width = 0;
    const T* left = nullptr;   ///< (atoms, 4, width) M, or null
    const T* right = nullptr;  ///< (atoms, 4, width)
    T* out = nullptr;          ///< (atoms, out_row): written
    long out_row = 0;          ///< at least gram_size() plus one vector of slack, since vectors are stored whole
};
[[nodiscard]] constexpr int gram_size(int channels, int axis) { return axis * channels - axis * (axis - 1) / 2; }

/// moment_gradient[k][c] (+)= the gradient of <gradient, D> with respect to M, at M = moments.
template <class T>
struct GramBackward {
    int atoms = 0, channels = 0, axis = 0, width = 0;
    const T* moments = nullptr;   ///< (atoms, 4, width)
    const T* gradient = nullptr;  ///< (atoms, gradient_row)
    long gradient_row = 0;
    T* moment_gradient = nullptr;  ///< (atoms, 4, width)
    bool accumulate = false;
};

template <class T>
struct EmbeddingKernels {
    void (*forward)(const EmbedForward<T>&, int begin, int end);
    void (*backward)(const EmbedBackward<T>&, int begin, int end);
    void (*tangent)(const EmbedTangent<T>&, int begin, int end);
    void (*tangent_backward)(const EmbedTangentBackward<T>&, int begin, int end);
    /// D of M with itself (left null), or the symmetric product left o right + right o left, the tangent of D.
    void (*gram)(const Gram<T>&);
    void (*gram_backward)(const GramBackward<T>&);
};

}  // namespace alkali::kernels
