#pragma once
#include <array>
#include <cstddef>
#include <utility>

#include "alkali/kernels/contract/convolution.hpp"
#include "alkali/math/coupling.hpp"

namespace alkali::kernels::simd {

/// Largest number of components a path may have; sizes local arrays of the kernels.
inline constexpr int most_components = 2 * math::max_angular_order + 1;

/// Paths with all orders up to this are unrolled by the compiler; higher ones walk their term list. Sanitizers make the long
/// unrolled ones take many minutes to compile: there only short ones are.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr int highest_static_order = 1;
#else
inline constexpr int highest_static_order = 3;
#endif

/// A coupling term as the kernels visit it; `opens` marks the first of its (m1, m3) pair.
struct Term {
    int m1 = 0, m2 = 0, m3 = 0, pair = 0;
    double value = 0;
    bool opens = false;
};

template <int L1, int L2, int L3>
[[nodiscard]] constexpr auto make_static_terms() {
    constexpr auto& table = math::coupling<L1, L2, L3>;
    std::array<Term, table.count> terms{};
    int pair = -1;
    for (std::size_t t = 0; t < table.count; ++t) {
        const auto& c = table.terms[t];
        const bool opens = t == 0 || c.m1 != table.terms[t - 1].m1 || c.m3 != table.terms[t - 1].m3;
        if (opens) ++pair;
        terms[t] = {c.m1, c.m2, c.m3, pair, c.value, opens};
    }
    return terms;
}
template <int L1, int L2, int L3>
inline constexpr auto static_terms = make_static_terms<L1, L2, L3>();

/// A term in the order of the gradient with respect to the harmonics: by m2, then by magnitude of the coefficient, so that
/// products of equal magnitude are added up before they are multiplied.
struct HarmonicGradientTerm {
    int m1 = 0, m2 = 0, m3 = 0;
    double magnitude = 0;
    bool negative = false;
    bool opens = false;   ///< first of its magnitude
    bool closes = false;  ///< last of its magnitude
    bool first = false;   ///< of the first magnitude of its m2
    bool last = false;    ///< of all terms of its m2
};

template <int L1, int L2, int L3>
[[nodiscard]] constexpr auto make_harmonic_gradient_terms() {
    constexpr auto& table = math::coupling<L1, L2, L3>;
    std::array<HarmonicGradientTerm, table.count> terms{};
    for (std::size_t t = 0; t < table.count; ++t) {
        const auto& c = table.terms[t];
        terms[t] = {c.m1, c.m2, c.m3, c.value < 0 ? -c.value : c.value, c.value < 0};
    }
    constexpr double equal = 1e-12;
    const auto before = [](const HarmonicGradientTerm& a, const HarmonicGradientTerm& b) {
        return a.m2 != b.m2 ? a.m2 < b.m2 : a.magnitude < b.magnitude - equal;
    };
    for (std::size_t i = 1; i < terms.size(); ++i)
        for (std::size_t j = i; j > 0 && before(terms[j], terms[j - 1]); --j) {
            const auto swapped = terms[j];
            terms[j] = terms[j - 1];
            terms[j - 1] = swapped;
        }
    const auto same = [](const HarmonicGradientTerm& a, const HarmonicGradientTerm& b) {
        return a.m2 == b.m2 && a.magnitude > b.magnitude - equal && a.magnitude < b.magnitude + equal;
    };
    for (std::size_t i = 0; i < terms.size(); ++i) {
        terms[i].opens = i == 0 || !same(terms[i], terms[i - 1]);
        terms[i].closes = i + 1 == terms.size() || !same(terms[i], terms[i + 1]);
        terms[i].last = i + 1 == terms.size() || terms[i].m2 != terms[i + 1].m2;
        terms[i].first = i == 0 || terms[i].m2 != terms[i - 1].m2 || (!terms[i].opens && terms[i - 1].first);
    }
    return terms;
}
template <int L1, int L2, int L3>
inline constexpr auto harmonic_gradient_terms = make_harmonic_gradient_terms<L1, L2, L3>();

}  // namespace alkali::kernels::simd
