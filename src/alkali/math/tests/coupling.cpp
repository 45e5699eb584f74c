#include "alkali/math/coupling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <tuple>

#include "rotation.hpp"

namespace alkali::math::coupling_tests {
namespace {

constexpr std::size_t capacity = coupling_capacity(max_angular_order, max_angular_order, max_angular_order);

/// C as matrices over (m1, m2), one for each m3.
std::vector<Eigen::MatrixXd> dense(int l1, int l2, int l3) {
    std::vector<Eigen::MatrixXd> c(static_cast<std::size_t>(2 * l3 + 1), Eigen::MatrixXd::Zero(2 * l1 + 1, 2 * l2 + 1));
    const auto table = coupling_terms<capacity>(l1, l2, l3);
    for (std::size_t t = 0; t < table.count; ++t)
        c[static_cast<std::size_t>(table.terms[t].m3)](table.terms[t].m1, table.terms[t].m2) = table.terms[t].value;
    return c;
}

/// The coupled product of two vectors.
Eigen::VectorXd product(int l1, int l2, int l3, const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
    const auto c = dense(l1, l2, l3);
    Eigen::VectorXd out(2 * l3 + 1);
    for (int m = 0; m <= 2 * l3; ++m) out[m] = a.dot(c[static_cast<std::size_t>(m)] * b);
    return out;
}

void for_each_triple(int l_max, const std::function<void(int, int, int)>& f) {
    for (int l1 = 0; l1 <= l_max; ++l1)
        for (int l2 = 0; l2 <= l_max; ++l2)
            for (int l3 = 0; l3 <= l_max; ++l3)
                if (coupled(l1, l2, l3)) f(l1, l2, l3);
}

Eigen::VectorXd random_components(int l, base::Random& random) {
    Eigen::VectorXd v(2 * l + 1);
    for (int m = 0; m <= 2 * l; ++m) v[m] = random.normal();
    return v;
}

TEST(Coupling, obeys_the_triangle_rule) {
    EXPECT_TRUE(coupled(1, 1, 2));
    EXPECT_TRUE(coupled(2, 1, 1));
    EXPECT_FALSE(coupled(1, 1, 3));
    EXPECT_FALSE(coupled(0, 2, 1));
}

TEST(Coupling, components_are_orthogonal_with_frobenius_norm_one) {
    for_each_triple(max_angular_order, [](int l1, int l2, int l3) {
        const auto c = dense(l1, l2, l3);
        for (std::size_t a = 0; a < c.size(); ++a)
            for (std::size_t b = 0; b < c.size(); ++b)
                EXPECT_NEAR(c[a].cwiseProduct(c[b]).sum(), a == b ? 1.0 / (2 * l3 + 1) : 0.0, 1e-13) << l1 << l2 << l3;
    });
}

TEST(Coupling, all_orders_together_are_complete) {
    // sum over l3, m3 of (2 l3 + 1) C[m1 m2 m3] C[n1 n2 m3] = 1 for equal indices, else 0.
    for (int l1 = 0; l1 <= 3; ++l1)
        for (int l2 = 0; l1 + l2 <= max_angular_order; ++l2) {
            const int size = (2 * l1 + 1) * (2 * l2 + 1);
            Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(size, size);
            for (int l3 = std::abs(l1 - l2); l3 <= l1 + l2; ++l3)
                for (const auto& c : dense(l1, l2, l3)) {
                    const Eigen::VectorXd flat = Eigen::Map<const Eigen::VectorXd>(c.data(), size);
                    sum += (2 * l3 + 1) * flat * flat.transpose();
                }
            EXPECT_LT((sum - Eigen::MatrixXd::Identity(size, size)).norm(), 1e-12) << l1 << l2;
        }
}

TEST(Coupling, product_turns_with_its_factors) {
    base::Random random(1);
    const Mat3 rotation = testing::random_rotation(random);
    std::vector<Eigen::MatrixXd> d;
    for (int l = 0; l <= max_angular_order; ++l) d.push_back(testing::representation(l, rotation));
    for_each_triple(max_angular_order, [&](int l1, int l2, int l3) {
        const auto a = random_components(l1, random), b = random_components(l2, random);
        const Eigen::VectorXd turned = product(l1, l2, l3, d[static_cast<std::size_t>(l1)] * a, d[static_cast<std::size_t>(l2)] * b);
        EXPECT_LT((turned - d[static_cast<std::size_t>(l3)] * product(l1, l2, l3, a, b)).norm(), 1e-9) << l1 << l2 << l3;
    });
}

TEST(Coupling, of_low_orders_are_dot_cross_and_scalar_products) {
    base::Random random(2);
    const auto a = random_components(1, random), b = random_components(1, random);
    EXPECT_NEAR(product(1, 1, 0, a, b)[0], a.dot(b) / std::sqrt(3.0), 1e-14);
    const Vec3 cross = Vec3(a).cross(Vec3(b));
    EXPECT_LT((product(1, 1, 1, a, b) - cross / std::sqrt(6.0)).norm(), 1e-14);
    for (int l = 0; l <= max_angular_order; ++l) {
        const auto v = random_components(l, random);
        const Eigen::VectorXd scalar = Eigen::VectorXd::Constant(1, 0.7);
        EXPECT_LT((product(0, l, l, scalar, v) - 0.7 * v / std::sqrt(2 * l + 1.0)).norm(), 1e-14);
        EXPECT_LT((product(l, 0, l, v, scalar) - 0.7 * v / std::sqrt(2 * l + 1.0)).norm(), 1e-14);
        EXPECT_NEAR(product(l, l, 0, v, v)[0], v.squaredNorm() / std::sqrt(2 * l + 1.0), 1e-13);
    }
}

TEST(Coupling, of_harmonics_of_one_direction_are_harmonics_or_vanish) {
    base::Random random(3);
    const Vec3 n = testing::random_direction(random);
    for_each_triple(max_angular_order, [&](int l1, int l2, int l3) {
        const Eigen::VectorXd got = product(l1, l2, l3, testing::harmonics(l1, n), testing::harmonics(l2, n)),
                              y = testing::harmonics(l3, n);
        if ((l1 + l2 + l3) % 2 == 1)
            EXPECT_LT(got.norm(), 1e-12) << l1 << l2 << l3;
        else {
            EXPECT_LT((got - y * (got.dot(y) / y.squaredNorm())).norm(), 1e-12) << l1 << l2 << l3;
            EXPECT_GT(got.norm(), 0.1) << l1 << l2 << l3;
        }
    });
}

TEST(Coupling, terms_are_sorted_and_known_to_the_compiler) {
    for_each_triple(max_angular_order, [](int l1, int l2, int l3) {
        const auto table = coupling_terms<capacity>(l1, l2, l3);
        for (std::size_t t = 1; t < table.count; ++t) {
            const auto &a = table.terms[t - 1], &b = table.terms[t];
            EXPECT_LT(std::tie(a.m1, a.m3, a.m2), std::tie(b.m1, b.m3, b.m2));
        }
    });
    static_assert(coupling<1, 1, 1>.count == 6);
    static_assert(coupling<2, 2, 2>.terms[0].value == coupling_terms<125>(2, 2, 2).terms[0].value);
}

}  // namespace
}  // namespace alkali::math::coupling_tests
