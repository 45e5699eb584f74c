#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "alkali/base/random.hpp"
#include "convolution_problem.hpp"

namespace alkali::kernels::testing::activation_tests {
namespace {

template <class T>
class Activations : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Activations, Precisions);

template <class T>
std::vector<T> arguments() {
    base::Random random(3);
    std::vector<T> z;
    for (const double v : {0.0,  1e-300, 1e-30, 1e-20, 1e-10, 1e-6,  1e-3,  0.1,   1.0,   1.2784645, 5.0,   10.0,  17.0,  20.0, 40.0,
                           79.0, 81.0,   87.0,  89.0,  103.0, 104.0, 500.0, 699.0, 701.0, 709.0,     710.0, 745.0, 746.0, 1e4,  1e8})
        for (const double sign : {-1.0, 1.0}) z.push_back(static_cast<T>(sign * v));
    while (z.size() < 512) z.push_back(static_cast<T>(8 * random.normal()));
    return z;
}

constexpr Activation all_kinds[] = {Activation::identity, Activation::silu,     Activation::tanh,    Activation::relu,
                                    Activation::relu6,    Activation::softplus, Activation::sigmoid, Activation::gelu};

template <class T>
struct Curve {
    std::vector<T> value, first, second;
};

template <class T>
Curve<T> activate(const KernelSet<T>& set, Activation kind, const std::vector<T>& z) {
    Curve<T> f{std::vector<T>(z.size()), std::vector<T>(z.size()), std::vector<T>(z.size())};
    set.activation({kind, static_cast<long>(z.size()), z.data(), f.value.data(), f.first.data(), f.second.data()});
    return f;
}

/// Closed forms in extended precision.
struct Exact {
    long double value, first, second;
};
Exact exact(Activation kind, long double z) {
    if (kind == Activation::identity) return {z, 1, 0};
    if (kind == Activation::tanh) {
        const long double t = std::tanh(z), cosh = std::cosh(std::min<long double>(std::abs(z), 5000)), d = 1 / (cosh * cosh);
        return {t, d, -2 * t * d};
    }
    if (kind == Activation::relu) return {std::max(z, 0.0L), z > 0 ? 1.0L : 0.0L, 0};
    if (kind == Activation::relu6) return {std::clamp(z, 0.0L, 6.0L), z > 0 && z < 6 ? 1.0L : 0.0L, 0};
    const long double s = 1 / (1 + std::exp(-z)), one_minus = 1 / (1 + std::exp(z)), d = s * one_minus;
    if (kind == Activation::sigmoid) return {s, d, d * (one_minus - s)};
    if (kind == Activation::softplus) return {std::max(z, 0.0L) + std::log1p(std::exp(-std::abs(z))), s, d};
    if (kind == Activation::gelu) {
        const long double c = std::sqrt(2 / std::numbers::pi_v<long double>), a = 0.044715L, rise = c * (1 + 3 * a * z * z);
        const Exact t = exact(Activation::tanh, c * (z + a * z * z * z));
        return {z / 2 * (1 + t.value), (1 + t.value + z * t.first * rise) / 2,
                t.first * rise + z / 2 * (t.second * rise * rise + 6 * c * a * z * t.first)};
    }
    return {z * s, s + z * d, 2 * d + z * d * (one_minus - s)};
}

TYPED_TEST(Activations, and_their_derivatives_are_accurate_to_a_few_roundings_everywhere) {
    const auto z = arguments<TypeParam>();
    const double eps = static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
    for (const auto& set : all_kernels<TypeParam>())
        for (const auto kind : all_kinds) {
            const auto f = activate(set, kind, z);
            for (std::size_t i = 0; i < z.size(); ++i) {
                const Exact e = exact(kind, static_cast<long double>(z[i]));
                SCOPED_TRACE(set.name + ", activation " + std::to_string(static_cast<int>(kind)) + " at " + std::to_string(z[i]));
                // 1 - s near one keeps absolute precision only, and silu multiplies it by z.
                // gelu: 1 - tanh^2 likewise, and the argument of tanh is a cubic.
                const double size = std::min(40.0, std::abs(static_cast<double>(z[i]))),
                             rounding = 4 * eps * (2 + size) * (kind == Activation::gelu ? 1 + size * size * size : 1);
                // Below the smallest argument of exp nothing is left but a tiny number.
                ASSERT_NEAR(static_cast<double>(f.value[i]), static_cast<double>(e.value),
                            8 * eps * std::abs(static_cast<double>(e.value)) + (kind == Activation::gelu ? rounding : 1e-26));
                ASSERT_NEAR(static_cast<double>(f.first[i]), static_cast<double>(e.first), rounding);
                ASSERT_NEAR(static_cast<double>(f.second[i]), static_cast<double>(e.second), rounding);
            }
        }
}

TYPED_TEST(Activations, may_overwrite_their_arguments_and_leave_out_derivatives) {
    const auto z = arguments<TypeParam>();
    for (const auto& set : all_kernels<TypeParam>())
        for (const auto kind : all_kinds) {
            const auto f = activate(set, kind, z);
            auto in_place = z;
            std::vector<TypeParam> first(z.size());
            set.activation({kind, static_cast<long>(z.size()), in_place.data(), in_place.data(), first.data(), nullptr});
            EXPECT_EQ(in_place, f.value) << set.name;
            EXPECT_EQ(first, f.first) << set.name;
            std::vector<TypeParam> value(z.size());
            set.activation({kind, static_cast<long>(z.size()), z.data(), value.data(), nullptr, nullptr});
            EXPECT_EQ(value, f.value) << set.name;
        }
}

TYPED_TEST(Activations, pass_on_what_is_not_a_number) {
    const std::vector<TypeParam> z(16, std::numeric_limits<TypeParam>::quiet_NaN());
    for (const auto& set : all_kernels<TypeParam>())
        for (const auto kind : all_kinds)
            EXPECT_TRUE(std::isnan(activate(set, kind, z).value[7])) << set.name << ", activation " << static_cast<int>(kind);
}

}  // namespace
}  // namespace alkali::kernels::testing::activation_tests
