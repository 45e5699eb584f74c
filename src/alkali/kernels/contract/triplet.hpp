#pragma once

/// Sums over pairs of neighbours of one atom with a learned function of their inner product: the three-body descriptor of a Deep
/// Potential (deepmd-kit's se_e3).
///   R[c] = sum_jk w_jk e_jk G_c(e_jk),   e_jk = u_j . u_k
/// G_c is a cubic B-spline in t = asinh(e / scale): G_c(e) = sum_m b_m table[row + m][c]. The kernels leave the table out:
///   histogram[row + m] += w e b_m          R[c] = sum_r histogram[r] table[r][c]
/// and on the way back only  line[r] = sum_c dE/dR[c] table[r][c]  is looked up. So a pair costs the same for any number of channels.
/// Pairs: every j of the first group with every k of the second; where both are one group, every two once with w = 2 and j = k with
/// w = 1.
namespace alkali::kernels {

struct TripletAxis {
    double scale = 1;     ///< t = asinh(e / scale)
    double start = 0;     ///< t of the first knot
    double per_unit = 0;  ///< knots per unit of t
    int rows = 0;         ///< of the table: knots + 2
};

/// Neighbours of one atom as three arrays, readable to a multiple of lane_padding beyond the count.
template <class T>
struct TripletGroup {
    int count = 0;
    const T* u[3] = {nullptr, nullptr, nullptr};
};

template <class T>
struct TripletForward {
    TripletAxis axis;
    TripletGroup<T> first, second;
    bool same = false;       ///< first and second are one group
    T* histogram = nullptr;  ///< (axis.rows), added to
};

template <class T>
struct TripletBackward {
    TripletAxis axis;
    TripletGroup<T> first, second;
    bool same = false;
    const T* line = nullptr;                             ///< (axis.rows)
    T* first_gradient[3] = {nullptr, nullptr, nullptr};  ///< added to, as long as u
    T* second_gradient[3] = {nullptr, nullptr, nullptr};
};

/// tangent_histogram: its inner product with the table is the tangent of R where u moves by the tangents of the groups.
template <class T>
struct TripletTangent {
    TripletAxis axis;
    TripletGroup<T> first, second, first_tangent, second_tangent;
    bool same = false;
    T* histogram = nullptr;          ///< as TripletForward
    T* tangent_histogram = nullptr;  ///< (axis.rows), added to
};

template <class T>
struct TripletKernels {
    void (*forward)(const TripletForward<T>&);
    void (*backward)(const TripletBackward<T>&);
    void (*tangent)(const TripletTangent<T>&);
};

}  // namespace alkali::kernels
