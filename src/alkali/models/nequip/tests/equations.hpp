#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "alkali/math/coupling.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/models/nequip/hyperparameters.hpp"
#include "dual.hpp"

/// NequIP once more, written from the equations (docs/theory/nequip.md) for any scalar type, without padding, packing,
/// tables or kernels: slow, short, and independent of the library but for the names of the parameter arrays and the
/// coupling coefficients (which have tests of their own).
namespace alkali::models::nequip::testing {

template <class T>
using Column = std::vector<T>;

/// mul copies of one irrep; of a feature, component m of copy u is at u (2l+1) + m.
struct Copies {
    int l = 0, p = 1, mul = 0;
    [[nodiscard]] int size() const { return mul * (2 * l + 1); }
    [[nodiscard]] bool same(const Copies& o) const { return l == o.l && p == o.p; }
};
using Content = std::vector<Copies>;

/// One column per entry of a Content.
template <class T>
using Feature = std::vector<Column<T>>;

/// An edge of the graph.
template <class T>
struct Bond {
    int centre = 0, neighbour = 0;
    std::array<T, 3> vector;
};

template <class T>
T silu(const T& x) {
    return x / (T(1.0) + exp(-x));
}
template <class T>
T hyperbolic_tangent(const T& x) {
    const T e = exp(x + x);
    return (e - T(1.0)) / (e + T(1.0));
}
template <class T>
T power(const T& x, int n) {
    T result(1.0);
    for (int i = 0; i < n; ++i) result *= x;
    return result;
}

/// Component-normalised real harmonics of a direction up to l = 2, polar axis y.
template <class T>
std::vector<Column<T>> harmonics(const std::array<T, 3>& n) {
    const T &x = n[0], &y = n[1], &z = n[2];
    const T a(std::sqrt(15.0)), b(std::sqrt(5.0)), c(std::sqrt(3.0)), half(0.5);
    return {{T(1.0)},
            {c * x, c * y, c * z},
            {a * x * z, a * x * y, b * (y * y - half * (x * x + z * z)), a * y * z, half * a * (z * z - x * x)}};
}

template <class T>
class Equations {
public:
    Equations(const Hyperparameters& hyper, const std::vector<ParameterInfo>& layout, const Column<T>& parameters)
        : h_(hyper), layout_(layout), theta_(parameters) {
        if (h_.l_max > 2) throw std::invalid_argument("harmonics are written out to l = 2");
    }

    /// Energy of every atom.
    [[nodiscard]] Column<T> energies(const std::vector<int>& types, const std::vector<Bond<T>>& bonds) const {
        Content content{{0, 1, h_.type_embed_num_features}};
        std::vector<Feature<T>> x;
        for (const int type : types) x.push_back({embedding(type)});
        for (int k = 0; k < h_.num_layers; ++k) x = layer(k, types, bonds, content, x);
        Column<T> energies;
        for (std::size_t i = 0; i < types.size(); ++i)
            energies.push_back(array("scales")[static_cast<std::size_t>(types[i])] * readout(x[i][0]) +
                               array("shifts")[static_cast<std::size_t>(types[i])]);
        return energies;
    }

private:
    [[nodiscard]] Column<T> array(const std::string& name) const {
        for (const auto& info : layout_)
            if (info.name == name)
                return {theta_.begin() + static_cast<std::ptrdiff_t>(info.offset),
                        theta_.begin() + static_cast<std::ptrdiff_t>(info.offset + info.size)};
        throw std::invalid_argument("no parameter " + name);
    }
    [[nodiscard]] Column<T> embedding(int type) const {
        const auto all = array("type_embed.weight");
        const auto f = static_cast<std::ptrdiff_t>(h_.type_embed_num_features);
        return {all.begin() + type * f, all.begin() + (type + 1) * f};
    }

    /// y_o = gain / sqrt(inputs) sum_i x_i W_io.
    [[nodiscard]] static Column<T> dense(const Column<T>& x, const Column<T>& w, double gain) {
        const std::size_t outputs = w.size() / x.size();
        Column<T> y(outputs);
        const T scale(gain / std::sqrt(static_cast<double>(x.size())));
        for (std::size_t o = 0; o < outputs; ++o) {
            for (std::size_t i = 0; i < x.size(); ++i) y[o] += x[i] * w[i * outputs + o];
            y[o] *= scale;
        }
        return y;
    }

    [[nodiscard]] T readout(const Column<T>& scalars) const {
        Column<T> x = scalars;
        for (int j = 0; j <= h_.readout_mlp_hidden_layers_depth; ++j) {
            x = dense(x, array("readout." + std::to_string(j) + ".weight"), j == 0 ? 1 : std::sqrt(2.0));
            if (j < h_.readout_mlp_hidden_layers_depth)
                for (T& v : x) v = silu(v);
        }
        return x[0];
    }

    /// The network at x = r / r_max.
    [[nodiscard]] Column<T> radial_network(int k, double x) const {
        const double p = h_.polynomial_cutoff_p;
        const double u =
            1 - (p + 1) * (p + 2) / 2 * std::pow(x, p) + p * (p + 2) * std::pow(x, p + 1) - p * (p + 1) / 2 * std::pow(x, p + 2);
        Column<T> values;
        for (const T& root : array("bessel.weights")) {
            const T pi(std::numbers::pi), prefactor(2 * u / (h_.r_max * h_.r_max));
            values.push_back(x > 0 ? prefactor * sin(root * pi * T(x)) / T(x) : prefactor * root * pi);
        }
        for (int j = 0; j <= h_.radial_mlp_depth; ++j) {
            values = dense(values, array("layers." + std::to_string(k) + ".radial_mlp." + std::to_string(j) + ".weight"),
                           j == 0 ? 1 : std::sqrt(2.0));
            if (j < h_.radial_mlp_depth)
                for (T& v : values) v = silu(v);
        }
        return values;
    }

    /// Coefficients of the spline, (intervals + 3) rows, from all its conditions as one linear system.
    [[nodiscard]] std::vector<Column<T>> spline(int k) const {
        const int n = h_.spline_intervals, size = n + 3;
        std::vector<std::vector<double>> matrix(static_cast<std::size_t>(size), std::vector<double>(static_cast<std::size_t>(size), 0.0));
        std::vector<Column<T>> right;
        const auto entry = [&](int row, int column) -> double& {
            return matrix[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
        };
        for (int knot = 0; knot <= n - 2; ++knot) {
            entry(knot, knot) = entry(knot, knot + 2) = 1.0 / 6;
            entry(knot, knot + 1) = 4.0 / 6;
            right.push_back(radial_network(k, static_cast<double>(knot) / n));
        }
        const Column<T> zero(right[0].size());
        entry(n - 1, 0) = entry(n - 1, 2) = 1;  // curvature at the centre
        entry(n - 1, 1) = -2;
        entry(n, n) = entry(n, n + 2) = 1;  // value, slope and curvature at the cutoff
        entry(n, n + 1) = 4;
        entry(n + 1, n + 2) = 1;
        entry(n + 1, n) = -1;
        entry(n + 2, n) = entry(n + 2, n + 2) = 1;
        entry(n + 2, n + 1) = -2;
        for (int c = 0; c < 4; ++c) right.push_back(zero);
        return solve(std::move(matrix), std::move(right));
    }

    /// Gaussian elimination with pivots.
    [[nodiscard]] static std::vector<Column<T>> solve(std::vector<std::vector<double>> m, std::vector<Column<T>> b) {
        const std::size_t n = m.size();
        for (std::size_t c = 0; c < n; ++c) {
            std::size_t best = c;
            for (std::size_t r = c; r < n; ++r)
                if (std::abs(m[r][c]) > std::abs(m[best][c])) best = r;
            std::swap(m[c], m[best]);
            std::swap(b[c], b[best]);
            for (std::size_t r = 0; r < n; ++r) {
                if (r == c || m[r][c] == 0) continue;
                const double factor = m[r][c] / m[c][c];
                for (std::size_t k = c; k < n; ++k) m[r][k] -= factor * m[c][k];
                for (std::size_t k = 0; k < b[r].size(); ++k) b[r][k] -= T(factor) * b[c][k];
            }
        }
        for (std::size_t r = 0; r < n; ++r)
            for (T& v : b[r]) v *= T(1 / m[r][r]);
        return b;
    }

    [[nodiscard]] Column<T> weights_at(const std::vector<Column<T>>& spline, const T& x) const {
        Column<T> w(spline[0].size());
        if (plain(x) >= 1) return w;
        const int k = std::min(static_cast<int>(plain(x) * h_.spline_intervals), h_.spline_intervals - 1);
        const T t = x * T(h_.spline_intervals) - T(k), s = T(1.0) - t, sixth(1.0 / 6);
        const T basis[4] = {sixth * s * s * s, sixth * (T(4.0) - T(6.0) * t * t + T(3.0) * t * t * t),
                            sixth * (T(4.0) - T(6.0) * s * s + T(3.0) * s * s * s), sixth * t * t * t};
        for (std::size_t m = 0; m < 4; ++m)
            for (std::size_t c = 0; c < w.size(); ++c) w[c] += basis[m] * spline[static_cast<std::size_t>(k) + m][c];
        return w;
    }

    /// e3nn's Linear; attribute weights W[u, v, w] are contracted with `attributes` (self-connection) or have one attribute.
    [[nodiscard]] static Feature<T> linear(const Content& in, const Feature<T>& x, const Content& out, const Column<T>& weights,
                                           const Column<T>& attributes) {
        Feature<T> y;
        for (const auto& o : out) y.emplace_back(static_cast<std::size_t>(o.size()));
        std::vector<bool> done(in.size(), false);
        std::size_t position = 0;
        const std::size_t a = attributes.size();
        for (std::size_t first = 0; first < in.size(); ++first) {
            if (done[first]) continue;
            std::size_t rows = 0, columns = 0, row = 0;
            for (const auto& i : in) rows += in[first].same(i) ? static_cast<std::size_t>(i.mul) : 0;
            for (const auto& o : out) columns += in[first].same(o) ? static_cast<std::size_t>(o.mul) : 0;
            const auto d = static_cast<std::size_t>(2 * in[first].l + 1);
            const T norm(1 / std::sqrt(static_cast<double>(rows * a)));
            for (std::size_t i = first; i < in.size(); ++i) {
                if (!in[first].same(in[i])) continue;
                done[i] = true;
                std::size_t column = 0;
                for (std::size_t o = 0; o < out.size(); ++o) {
                    if (!in[first].same(out[o])) continue;
                    for (std::size_t u = 0; u < static_cast<std::size_t>(in[i].mul); ++u)
                        for (std::size_t w = 0; w < static_cast<std::size_t>(out[o].mul); ++w) {
                            T sum(0.0);
                            for (std::size_t v = 0; v < a; ++v)
                                sum += weights[position + ((row + u) * a + v) * columns + column + w] * attributes[v];
                            for (std::size_t m = 0; m < d; ++m) y[o][w * d + m] += norm * sum * x[i][u * d + m];
                        }
                    column += static_cast<std::size_t>(out[o].mul);
                }
                row += static_cast<std::size_t>(in[i].mul);
            }
            position += rows * a * columns;
        }
        if (position != weights.size()) throw std::invalid_argument("a linear map has another number of weights");
        return y;
    }

    [[nodiscard]] bool reachable(const Content& in, int l, int p) const {
        for (const auto& c : in)
            for (int l2 = 0; l2 <= h_.l_max; ++l2)
                if (math::coupled(c.l, l2, l) && c.p * (l2 % 2 == 0 ? 1 : -1) == p) return true;
        return false;
    }

    /// Scalars and other irreps that leave layer k.
    void hidden(int k, const Content& in, Content& scalars, Content& gated) const {
        const bool last = k + 1 == h_.num_layers;
        for (int l = 0; l <= (last ? 0 : h_.l_max); ++l)
            for (const int p : {1, -1}) {
                const int natural = l % 2 == 0 ? 1 : -1;
                if (last && p == -1) continue;
                if (!last && !h_.parity && p != natural) continue;
                if (reachable(in, l, p)) (l == 0 ? scalars : gated).push_back({l, p, h_.num_features[static_cast<std::size_t>(l)]});
            }
    }

    [[nodiscard]] std::vector<Feature<T>> layer(int k, const std::vector<int>& types, const std::vector<Bond<T>>& bonds, Content& content,
                                                const std::vector<Feature<T>>& x) const {
        Content scalars, gated;
        hidden(k, content, scalars, gated);
        Content before = scalars;
        for (const auto& g : gated) before.push_back({0, 1, g.mul});
        before.insert(before.end(), gated.begin(), gated.end());

        // Paths in nequip's order, and the order of their outputs.
        struct PathRule {
            std::size_t input;
            int l2;
            Copies out;
            std::size_t weight;
        };
        std::vector<PathRule> paths;
        std::size_t weight = 0;
        for (std::size_t c = 0; c < content.size(); ++c)
            for (int l2 = 0; l2 <= h_.l_max; ++l2)
                for (int l3 = std::abs(content[c].l - l2); l3 <= content[c].l + l2; ++l3) {
                    const Copies out{l3, content[c].p * (l2 % 2 == 0 ? 1 : -1), content[c].mul};
                    if (std::none_of(before.begin(), before.end(), [&](const Copies& b) { return b.same(out); })) continue;
                    paths.push_back({c, l2, out, weight});
                    weight += static_cast<std::size_t>(out.mul);
                }
        std::stable_sort(paths.begin(), paths.end(),
                         [](const PathRule& a, const PathRule& b) { return std::pair(a.out.l, a.out.p) < std::pair(b.out.l, b.out.p); });
        Content middle;
        for (const auto& path : paths) middle.push_back(path.out);

        const std::string prefix = "layers." + std::to_string(k) + ".";
        std::vector<Feature<T>> y, messages;
        for (std::size_t i = 0; i < types.size(); ++i) {
            y.push_back(linear(content, x[i], content, array(prefix + "linear_1.weight"), {T(1.0)}));
            messages.emplace_back();
            for (const auto& m : middle) messages.back().emplace_back(static_cast<std::size_t>(m.size()));
        }
        const auto table = spline(k);
        for (const auto& bond : bonds) {
            const T r = sqrt(bond.vector[0] * bond.vector[0] + bond.vector[1] * bond.vector[1] + bond.vector[2] * bond.vector[2]);
            const auto harmonic = harmonics<T>({bond.vector[0] / r, bond.vector[1] / r, bond.vector[2] / r});
            const auto w = weights_at(table, r / T(h_.r_max));
            const auto j = static_cast<std::size_t>(bond.neighbour), i = static_cast<std::size_t>(bond.centre);
            const auto& average = h_.avg_num_neighbors;
            const double neighbours = average[average.size() == 1 ? 0 : static_cast<std::size_t>(types[j])];
            for (std::size_t q = 0; q < paths.size(); ++q) {
                const auto& path = paths[q];
                const int l1 = content[path.input].l, l3 = path.out.l;
                const T norm(std::sqrt((2.0 * l3 + 1) / neighbours));
                const auto coupling = math::coupling_terms<125>(l1, path.l2, l3);
                for (int u = 0; u < path.out.mul; ++u)
                    for (std::size_t t = 0; t < coupling.count; ++t) {
                        const auto& c = coupling.terms[t];
                        messages[i][q][static_cast<std::size_t>(u * (2 * l3 + 1) + c.m3)] +=
                            norm * T(c.value) * w[path.weight + static_cast<std::size_t>(u)] *
                            y[j][path.input][static_cast<std::size_t>(u * (2 * l1 + 1) + c.m1)] *
                            harmonic[static_cast<std::size_t>(path.l2)][static_cast<std::size_t>(c.m2)];
                    }
            }
        }

        // e3nn's gate wants its irreps sorted: equal irreps (scalars and gates) are one block of the linear maps.
        std::vector<Feature<T>> next;
        for (std::size_t i = 0; i < types.size(); ++i) {
            Feature<T> z = linear(middle, messages[i], before, array(prefix + "linear_2.weight"), {T(1.0)});
            if (k > 0) {
                const auto self = linear(content, x[i], before, array(prefix + "sc.weight"), embedding(types[i]));
                for (std::size_t b = 0; b < z.size(); ++b)
                    for (std::size_t c = 0; c < z[b].size(); ++c) z[b][c] += self[b][c];
            }
            next.push_back(gate(z, scalars, gated));
        }
        content = scalars;
        content.insert(content.end(), gated.begin(), gated.end());
        return next;
    }

    [[nodiscard]] Feature<T> gate(const Feature<T>& z, const Content& scalars, const Content& gated) const {
        Feature<T> out;
        for (std::size_t b = 0; b < scalars.size(); ++b) {
            out.push_back(z[b]);
            for (T& v : out.back()) v = scalars[b].p == 1 ? T(h_.silu_scale) * silu(v) : T(h_.tanh_scale) * hyperbolic_tangent(v);
        }
        for (std::size_t b = 0; b < gated.size(); ++b) {
            out.push_back(z[scalars.size() + gated.size() + b]);
            const auto d = static_cast<std::size_t>(2 * gated[b].l + 1);
            for (std::size_t u = 0; u < static_cast<std::size_t>(gated[b].mul); ++u)
                for (std::size_t m = 0; m < d; ++m) out.back()[u * d + m] *= T(h_.silu_scale) * silu(z[scalars.size() + b][u]);
        }
        return out;
    }

    const Hyperparameters& h_;
    const std::vector<ParameterInfo>& layout_;
    const Column<T>& theta_;
};

}  // namespace alkali::models::nequip::testing
