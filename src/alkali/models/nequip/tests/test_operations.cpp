#include <gtest/gtest.h>

#include <map>
#include <set>

#include "alkali/math/coupling.hpp"
#include "alkali/models/contract/parts.hpp"
#include "alkali/models/nequip/operations.hpp"

namespace alkali::models::nequip::operations_tests {
namespace {

using Parts = std::map<std::string, double>;

Parts counted(const Hyperparameters& hyper, std::int64_t atoms, std::int64_t edges) {
    const auto list = operations(Architecture(hyper), atoms, edges);
    return {list.begin(), list.end()};
}

Hyperparameters small(int l_max, int layers, std::vector<int> features) {
    Hyperparameters hyper;
    hyper.type_names = {"Li"};
    hyper.r_max = 4;
    hyper.num_layers = layers;
    hyper.l_max = l_max;
    hyper.parity = false;
    hyper.num_features = std::move(features);
    hyper.type_embed_num_features = hyper.num_features[0];
    hyper.avg_num_neighbors = {10};
    hyper.readout_mlp_hidden_layers_width = hyper.num_features[0];
    hyper.silu_scale = hyper.tanh_scale = 1;
    return hyper;
}

/// Terms and distinct (m1, m3) of a path, from the coefficients themselves.
struct Coupling {
    double terms = 0, pairs = 0;
};
Coupling coupling(int l1, int l2, int l3) {
    constexpr auto capacity = math::coupling_capacity(4, 4, 4);
    const auto table = math::coupling_terms<capacity>(l1, l2, l3);
    std::set<std::pair<int, int>> pairs;
    for (std::size_t t = 0; t < table.count; ++t) pairs.insert({table.terms[t].m1, table.terms[t].m3});
    return {static_cast<double>(table.count), static_cast<double>(pairs.size())};
}

/// An independent count for the case without parity: irreps are l = 0 .. l_max of natural parity, all paths allowed by
/// parity (l1 + l2 + l3 even), scalars only in the last layer; as many features c[l] as given.
Parts by_hand(int l_max, int layers, const std::vector<int>& c, double atoms, double edges) {
    Parts parts;
    for (int k = 0; k < layers; ++k) {
        const bool first = k == 0, last = k + 1 == layers;
        const int l_in = first ? 0 : l_max, l_out = last ? 0 : l_max;
        // Rows before the gate: the features, and one gate for every channel with l > 0, a scalar too.
        int gates = 0;
        for (int l = 1; l <= l_out; ++l) gates += c[static_cast<std::size_t>(l)];
        const auto before = [&](int l) { return static_cast<double>(c[static_cast<std::size_t>(l)] + (l == 0 ? gates : 0)); };
        for (int l1 = 0; l1 <= l_in; ++l1)
            for (int l2 = 0; l2 <= l_max; ++l2)
                for (int l3 = 0; l3 <= l_out; ++l3) {
                    if (!math::coupled(l1, l2, l3) || (l1 + l2 + l3) % 2 != 0) continue;
                    const auto [terms, pairs] = coupling(l1, l2, l3);
                    const double u = c[static_cast<std::size_t>(l1)], in = 2 * l1 + 1, angular = l2 > 0 ? 1 : 0;
                    parts[part::tensor_product_forward] += edges * (terms + 2 * pairs * u + (first ? 0 : in * u));
                    parts[part::tensor_product_backward] +=
                        edges * (2 * pairs * u * (1 + angular) + 2 * angular * terms + 2 * u + (first ? 0 : 4 * in * u));
                    parts[part::radial] += edges * 16 * u;
                    parts[part::linear] += atoms * 4 * (2 * l3 + 1) * u * before(l3);
                }
        if (!first)
            for (int l = 0; l <= l_max; ++l) {
                const double m = 2 * l + 1, u = c[static_cast<std::size_t>(l)];
                parts[part::linear] += atoms * 4 * m * u * u;                          // linear_1
                if (l <= l_out) parts[part::linear] += atoms * 4 * m * u * before(l);  // self-connection
            }
        parts[part::gate] += atoms * 11 * c[0];  // silu 5, its slope 5, times the gradient 1
        for (int l = 1; l <= l_out; ++l) parts[part::gate] += atoms * c[static_cast<std::size_t>(l)] * (11 + 4.0 * (2 * l + 1));
    }
    parts[part::readout] = atoms * (3 + 4.0 * c[0]);
    return parts;
}

TEST(NequipOperations, are_those_of_a_count_by_hand) {
    struct Case {
        int l_max, layers;
        std::vector<int> features;
    };
    for (const auto& [l_max, layers, features] :
         {Case{0, 2, {3}}, Case{1, 2, {5, 5}}, Case{1, 3, {4, 7}}, Case{2, 4, {32, 32, 32}}, Case{3, 3, {6, 5, 4, 3}}}) {
        SCOPED_TRACE(::testing::Message() << "l_max " << l_max << ", layers " << layers);
        const auto hyper = small(l_max, layers, features);
        EXPECT_EQ(counted(hyper, 7, 123), by_hand(l_max, layers, features, 7, 123));
    }
}

TEST(NequipOperations, of_the_usual_model_have_the_numbers_of_the_documentation) {
    const Architecture architecture(small(2, 4, {32, 32, 32}));
    const auto& middle = architecture.layers[1].convolution;
    EXPECT_EQ(middle.paths.size(), 11U);
    std::size_t terms = 0;
    for (const auto& path : middle.terms) terms += path.size();
    EXPECT_EQ(terms, 83U);
    EXPECT_EQ(middle.num_pairs, 79);
}

TEST(NequipOperations, do_not_count_padding) {
    // 16 and 17 channels take as many vectors as 16 and 32.
    const double narrow = counted(small(1, 2, {16, 16}), 1, 1).at(part::tensor_product_forward);
    const double wide = counted(small(1, 2, {17, 17}), 1, 1).at(part::tensor_product_forward);
    EXPECT_GT(wide, narrow);
    EXPECT_LT(wide, 1.1 * narrow);
}

}  // namespace
}  // namespace alkali::models::nequip::operations_tests
