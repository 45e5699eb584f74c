#include "alkali/kernels/contract/convolution.hpp"

#include "alkali/math/coupling.hpp"
#include "alkali/math/spherical_harmonics.hpp"

namespace alkali::kernels {

void complete(ConvolutionPlan& plan) {
    constexpr auto capacity = math::coupling_capacity(math::max_angular_order, math::max_angular_order, math::max_angular_order);
    plan.terms.clear();
    plan.num_pairs = 0;
    for (auto& path : plan.paths) {
        const auto table = math::coupling_terms<capacity>(path.l1, path.l2, path.l3);
        path.pairs = plan.num_pairs;
        std::vector<PathTerm> terms;
        int pair = -1;
        for (std::size_t t = 0; t < table.count; ++t) {
            const auto& c = table.terms[t];
            if (terms.empty() || terms.back().m1 != c.m1 || terms.back().m3 != c.m3) ++pair;
            terms.push_back({c.m1, c.m2, c.m3, pair, c.value});
        }
        plan.num_pairs += pair + 1;
        plan.terms.push_back(std::move(terms));
    }
    plan.recursion.clear();
    const math::SphericalHarmonics harmonics(plan.l_max);
    for (int l = 1; l <= plan.l_max; ++l)
        for (const auto& t : harmonics.recursion(l)) plan.recursion.push_back({l * l + t.m, t.axis, (l - 1) * (l - 1) + t.lower, t.value});
}

}  // namespace alkali::kernels
