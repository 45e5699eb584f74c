#pragma once
#include <cstddef>
#include <utility>

#include "alkali/kernels/contract/convolution.hpp"
#include "alkali/math/coupling.hpp"

namespace alkali::kernels::simd {

/// Largest number of components a path may have; sizes local arrays of the kernels.
inline constexpr int most_components = 2 * math::max_angular_order + 1;

/// A coupling term as the kernels visit it; `opens` marks the first of its (m1, m3) pair.
struct Term {
    int m1 = 0, m2 = 0, m3 = 0, pair = 0;
    double value = 0;
    bool opens = false;
};

template <int L1, int L2, int L3>
[[nodiscard]] constexpr Term static_term(std::size_t index) {
    constexpr auto& table = math::coupling<L1, L2, L3>;
    int pair = 0;
    for (std::size_t t = 1; t <= index; ++t)
        if (table.terms[t].m1 != table.terms[t - 1].m1 || table.terms[t].m3 != table.terms[t - 1].m3) ++pair;
    const auto& c = table.terms[index];
    const bool opens = index == 0 || c.m1 != table.terms[index - 1].m1 || c.m3 != table.terms[index - 1].m3;
    return {c.m1, c.m2, c.m3, pair, c.value, opens};
}

}  // namespace alkali::kernels::simd
