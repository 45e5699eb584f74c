#pragma once
#include <array>
#include <cstddef>

/// Real coupling coefficients (Wigner 3j in the real basis) for any angular orders, at compile time or run time.
///
/// Basis and sign: real spherical harmonics ordered m = -l..l with the polar axis along y, as e3nn uses them
/// (l = 1 is x, y, z). The tensor C[m1][m2][m3] has Frobenius norm 1. It is obtained from the SU(2) Clebsch-Gordan
/// coefficients (Racah's formula, e.g. Varshalovich 1988, 8.2.1) by the unitary change between complex and real
/// harmonics, Y_real = Q^T Y_complex, with Q multiplied by (-i)^l, which makes the result real.
namespace alkali::math {

/// Highest angular order of the tables below; factorials of 3 l + 1 stay exact in float64.
inline constexpr int max_angular_order = 5;

[[nodiscard]] constexpr bool coupled(int l1, int l2, int l3) { return l3 <= l1 + l2 && l1 <= l2 + l3 && l2 <= l1 + l3; }

namespace detail {

struct Complex {
    double re = 0, im = 0;
    [[nodiscard]] constexpr Complex operator*(const Complex& o) const { return {re * o.re - im * o.im, re * o.im + im * o.re}; }
    [[nodiscard]] constexpr Complex conjugate() const { return {re, -im}; }
};

/// Newton's iteration: usable in constant expressions on every compiler.
[[nodiscard]] constexpr double square_root(double x) {
    if (x <= 0) return 0;
    double guess = x > 1 ? x : 1;
    for (int i = 0; i < 200; ++i) {
        const double next = 0.5 * (guess + x / guess);
        if (next == guess) break;
        guess = next;
    }
    return guess;
}

[[nodiscard]] constexpr double factorial(int n) {
    double product = 1;
    for (int i = 2; i <= n; ++i) product *= i;
    return product;
}

[[nodiscard]] constexpr int larger(int a, int b) { return a > b ? a : b; }
[[nodiscard]] constexpr int smaller(int a, int b) { return a < b ? a : b; }

/// <j1 m1 j2 m2 | j3 m3> for integer orders.
[[nodiscard]] constexpr double clebsch_gordan(int j1, int m1, int j2, int m2, int j3, int m3) {
    if (m3 != m1 + m2) return 0;
    const int low = larger(larger(-j1 + j2 + m3, -j1 + m1), 0);
    const int high = smaller(smaller(j2 + j3 + m1, j3 - j1 + j2), j3 + m3);
    const double squared = (2.0 * j3 + 1) * factorial(j3 + j1 - j2) * factorial(j3 - j1 + j2) * factorial(j1 + j2 - j3) /
                           factorial(j1 + j2 + j3 + 1) * factorial(j3 + m3) * factorial(j3 - m3) /
                           (factorial(j1 - m1) * factorial(j1 + m1) * factorial(j2 - m2) * factorial(j2 + m2));
    double sum = 0;
    for (int v = low; v <= high; ++v) {
        const double sign = (v + j2 + m2) % 2 == 0 ? 1 : -1;
        sum += sign * factorial(j2 + j3 + m1 - v) * factorial(j1 - m1 + v) /
               (factorial(v) * factorial(j3 - j1 + j2 - v) * factorial(j3 + m3 - v) * factorial(v + j1 - j2 - m3));
    }
    return square_root(squared) * sum;
}

/// Q[mu][m]: complex harmonic mu (row) in real harmonic m (column), both -l..l.
[[nodiscard]] constexpr Complex real_from_complex(int l, int row, int column) {
    constexpr double half = 0.70710678118654752440;
    Complex q{};
    const double sign = row % 2 == 0 ? 1 : -1;
    if (row < 0) {
        if (column == -row) q = {half, 0};
        if (column == row) q = {0, -half};
    } else if (row == 0) {
        if (column == 0) q = {1, 0};
    } else {
        if (column == row) q = {sign * half, 0};
        if (column == -row) q = {0, sign * half};
    }
    for (int i = 0; i < l; ++i) q = q * Complex{0, -1};
    return q;
}

/// Not yet normalised coefficient.
[[nodiscard]] constexpr double raw_coupling(int l1, int m1, int l2, int m2, int l3, int m3) {
    double sum = 0;
    for (const int i : {-m1, m1}) {
        for (const int k : {-m2, m2}) {
            const int n = i + k;
            if (n != m3 && n != -m3) continue;
            const Complex product = real_from_complex(l1, i, m1) * real_from_complex(l2, k, m2) * real_from_complex(l3, n, m3).conjugate();
            sum += product.re * clebsch_gordan(l1, i, l2, k, l3, n);
            if (m2 == 0) break;
        }
        if (m1 == 0) break;
    }
    return sum;
}

}  // namespace detail

/// One non-zero coefficient; indices from 0.
struct CouplingTerm {
    int m1 = 0, m2 = 0, m3 = 0;
    double value = 0;
};

/// All non-zero coefficients of (l1, l2, l3), sorted by m1, then m3, then m2: terms of one (m1, m3) pair are neighbours.
template <std::size_t Capacity>
struct CouplingTerms {
    std::array<CouplingTerm, Capacity> terms{};
    std::size_t count = 0;
};

[[nodiscard]] constexpr std::size_t coupling_capacity(int l1, int l2, int l3) {
    return static_cast<std::size_t>((2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1));
}

template <std::size_t Capacity>
[[nodiscard]] constexpr CouplingTerms<Capacity> coupling_terms(int l1, int l2, int l3) {
    CouplingTerms<Capacity> table{};
    double norm = 0;
    for (int m1 = -l1; m1 <= l1; ++m1)
        for (int m3 = -l3; m3 <= l3; ++m3)
            for (int m2 = -l2; m2 <= l2; ++m2) {
                const double value = detail::raw_coupling(l1, m1, l2, m2, l3, m3);
                if (value < 1e-9 && value > -1e-9) continue;
                table.terms[table.count++] = {m1 + l1, m2 + l2, m3 + l3, value};
                norm += value * value;
            }
    for (std::size_t t = 0; t < table.count; ++t) table.terms[t].value /= detail::square_root(norm);
    return table;
}

/// The table of one path, computed once by the compiler.
template <int L1, int L2, int L3>
inline constexpr auto coupling = coupling_terms<coupling_capacity(L1, L2, L3)>(L1, L2, L3);

}  // namespace alkali::math
