#include "alkali/models/deep_potential/exact.hpp"

#include "alkali/models/deep_potential/environment.hpp"
#include "alkali/models/deep_potential/network.hpp"

namespace alkali::models::deep_potential {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

/// A whole network by its formulas.
class PlainNetwork {
public:
    PlainNetwork(const Architecture& architecture, const NetworkPlan& plan, std::span<const double> parameters)
        : activation_(plan.activation) {
        for (const DenseLayer& layer : plan.layers) {
            const auto at = [&](std::size_t index) { return parameters.data() + architecture.offset(index); };
            const int copies = layer.skip == DenseLayer::Skip::none ? 0 : layer.skip == DenseLayer::Skip::same ? 1 : 2;
            layers_.push_back(
                {Eigen::Map<const Matrix>(at(layer.w), layer.inputs, layer.outputs), Eigen::Map<const Vector>(at(layer.b), layer.outputs),
                 layer.idt ? Vector(Eigen::Map<const Vector>(at(*layer.idt), layer.outputs)) : Vector(Vector::Ones(layer.outputs)),
                 copies});
        }
    }

    /// Output, and the gradient by x of its product with `weights`.
    std::pair<Vector, Vector> evaluate_with_gradient(const Vector& x, const Vector& weights) const {
        std::vector<Vector> slopes;
        const Vector y = evaluate(x, slopes);
        Vector gradient = weights;
        for (std::size_t k = layers_.size(); k-- > 0;) {
            Vector below = layers_[k].matrix * gradient.cwiseProduct(slopes[k]);
            for (int c = 0; c < layers_[k].copies; ++c) below += gradient.segment(c * below.size(), below.size());
            gradient = below;
        }
        return {y, gradient};
    }

    /// Output and its derivative by the only input.
    std::pair<Vector, Vector> evaluate_with_slope(double x) const {
        std::vector<Vector> slopes;
        const Vector y = evaluate(Vector::Constant(1, x), slopes);
        Vector tangent = Vector::Ones(1);
        for (std::size_t k = 0; k < layers_.size(); ++k) {
            Vector next = slopes[k].cwiseProduct(layers_[k].matrix.transpose() * tangent);
            for (int c = 0; c < layers_[k].copies; ++c) next.segment(c * tangent.size(), tangent.size()) += tangent;
            tangent = next;
        }
        return {y, tangent};
    }

private:
    struct Layer {
        Matrix matrix;
        Vector bias, step;
        int copies = 0;  ///< of the input that the skip adds
    };

    /// Output, and phi'(z) idt of every layer.
    Vector evaluate(const Vector& x, std::vector<Vector>& slopes) const {
        Vector y = x;
        for (const Layer& layer : layers_) {
            const Vector z = layer.matrix.transpose() * y + layer.bias;
            Vector value(z.size()), slope(z.size());
            kernels::reference_kernels<double>().activation({activation_, z.size(), z.data(), value.data(), slope.data(), nullptr});
            Vector next = value.cwiseProduct(layer.step);
            for (int c = 0; c < layer.copies; ++c) next.segment(c * y.size(), y.size()) += y;
            slopes.push_back(slope.cwiseProduct(layer.step));
            y = next;
        }
        return y;
    }

    kernels::Activation activation_;
    std::vector<Layer> layers_;
};

struct Neighbour {
    std::int64_t edge = -1;
    int type = 0;
    double count = 1;
    Sight sight;
    Vec3 vector = Vec3::Zero();
};

/// Everything of one atom.
class Atom {
public:
    Atom(const Architecture& architecture, std::span<const double> parameters, const std::vector<PlainNetwork>& embeddings,
         const std::vector<PlainNetwork>& fitting, const std::vector<Normalisation>& normalisations)
        : a_(architecture), parameters_(parameters), embeddings_(embeddings), fitting_(fitting), normalisations_(normalisations) {}

    void evaluate(const Graph& graph, int atom, const Evaluation& out) {
        gather(graph, atom, out);
        const auto t = static_cast<std::size_t>(type_);
        const Vector d = a_.hyper.descriptor.type == DescriptorKind::se_e3     ? triplets()
                         : a_.hyper.descriptor.type == DescriptorKind::se_e2_a ? embedded()
                                                                               : radial();
        const Eigen::Map<const Vector> w(parameters_.data() + a_.offset(a_.readout[t].w), static_cast<long>(a_.info(a_.readout[t].w).size));
        const auto [y, gradient] = fitting_[t].evaluate_with_gradient(d, w);
        out.energies[static_cast<std::size_t>(atom)] =
            w.dot(y) + parameters_[a_.offset(a_.readout[t].b)] + parameters_[a_.offset(a_.bias) + t];
        if (a_.hyper.descriptor.type == DescriptorKind::se_e3)
            triplets_backward(gradient, out);
        else
            sums_backward(gradient, out);
    }

private:
    void gather(const Graph& graph, int atom, const Evaluation& out) {
        type_ = graph.types[static_cast<std::size_t>(atom)];
        neighbours_.clear();
        std::vector<int> missing = a_.hyper.descriptor.sel;
        for (auto e = graph.first[static_cast<std::size_t>(atom)]; e < graph.first[static_cast<std::size_t>(atom) + 1]; ++e) {
            const auto at = static_cast<std::size_t>(e);
            out.edge_gradient[at] = Vec3::Zero();
            const int other = graph.types[static_cast<std::size_t>(graph.neighbour[at])];
            const double r = graph.vector[at].norm();
            if (r >= a_.hyper.descriptor.rcut) continue;
            --missing[static_cast<std::size_t>(other)];
            if (a_.hyper.excluded(type_, other)) {
                if (a_.hyper.descriptor.type == DescriptorKind::se_e2_r && !a_.hyper.silent(type_, other))
                    neighbours_.push_back({-1, other, 1, {}, Vec3::Zero()});
                continue;
            }
            const auto& n = normalisations_[static_cast<std::size_t>(type_ * a_.hyper.types() + other)];
            neighbours_.push_back({e, other, 1, look(a_.hyper.descriptor, n, r), graph.vector[at]});
        }
        for (int other = 0; other < a_.hyper.types(); ++other) {
            if (a_.hyper.descriptor.type == DescriptorKind::se_e3 || a_.hyper.silent(type_, other)) continue;
            Neighbour none;
            none.type = other;
            none.count = missing[static_cast<std::size_t>(other)];
            none.sight.x = normalisations_[static_cast<std::size_t>(type_ * a_.hyper.types() + other)].empty();
            neighbours_.push_back(none);
        }
    }

    /// G and dG/dx.
    std::pair<Vector, Vector> embed(int network, double x) const {
        return embeddings_[static_cast<std::size_t>(network)].evaluate_with_slope(x);
    }
    [[nodiscard]] static Eigen::Vector4d row(const Neighbour& n) {
        return {n.sight.x, n.sight.h * n.vector[0], n.sight.h * n.vector[1], n.sight.h * n.vector[2]};
    }

    Vector embedded() {
        m_ = Matrix::Zero(4, a_.channels());
        for (const Neighbour& n : neighbours_)
            m_ += n.count / a_.hyper.neighbours() * row(n) * embed(a_.embedding(type_, n.type), n.sight.x).first.transpose();
        const int axis = a_.hyper.descriptor.axis_neuron;
        Vector d(a_.channels() * axis);
        for (int c = 0; c < a_.channels(); ++c)
            for (int k = 0; k < axis; ++k) d[c * axis + k] = m_.col(c).dot(m_.col(k));
        return d;
    }

    Vector radial() {
        Vector d = Vector::Zero(a_.channels());
        for (const Neighbour& n : neighbours_)
            d += radial_scale * n.count / a_.hyper.neighbours() * embed(a_.embedding(type_, n.type), n.sight.x).first;
        return d;
    }

    void sums_backward(const Vector& gradient, const Evaluation& out) {
        const bool angular = a_.hyper.descriptor.type == DescriptorKind::se_e2_a;
        Matrix by_m = Matrix::Zero(4, a_.channels());
        const int axis = a_.hyper.descriptor.axis_neuron;
        if (angular)
            for (int c = 0; c < a_.channels(); ++c)
                for (int k = 0; k < axis; ++k) {
                    by_m.col(c) += gradient[c * axis + k] * m_.col(k);
                    by_m.col(k) += gradient[c * axis + k] * m_.col(c);
                }
        for (const Neighbour& n : neighbours_) {
            if (n.edge < 0) continue;
            const auto [g, g_slope] = embed(a_.embedding(type_, n.type), n.sight.x);
            const double share = (angular ? 1.0 : radial_scale) * n.count / a_.hyper.neighbours();
            double by_x = share * gradient.head(angular ? 0 : a_.channels()).dot(g_slope.head(angular ? 0 : a_.channels()));
            Vec3 by_angular = Vec3::Zero();
            if (angular) {
                const Eigen::Vector4d by_row = share * by_m * g;
                by_x += by_row[0] + share * (by_m * g_slope).dot(row(n));
                by_angular = by_row.tail<3>();
            }
            add(n, by_x, by_angular, out);
        }
    }

    template <class F>
    void for_pairs(F f) const {
        const auto& sel = a_.hyper.descriptor.sel;
        for (const Neighbour& j : neighbours_)
            for (const Neighbour& k : neighbours_) {
                if (j.type > k.type) continue;
                const double share =
                    1.0 / (static_cast<double>(sel[static_cast<std::size_t>(j.type)]) * sel[static_cast<std::size_t>(k.type)]);
                const Vec3 u = j.sight.h * j.vector, v = k.sight.h * k.vector;
                f(j, k, u, v, share, embed(a_.embedding(j.type, k.type), u.dot(v)));
            }
    }

    Vector triplets() {
        Vector d = Vector::Zero(a_.channels());
        for_pairs([&](const Neighbour&, const Neighbour&, const Vec3& u, const Vec3& v, double share, const auto& g) {
            d += share * u.dot(v) * g.first;
        });
        return d;
    }

    void triplets_backward(const Vector& gradient, const Evaluation& out) {
        for_pairs([&](const Neighbour& j, const Neighbour& k, const Vec3& u, const Vec3& v, double share, const auto& g) {
            const double by_e = share * gradient.dot(g.first + u.dot(v) * g.second);
            add(j, 0, by_e * v, out);
            add(k, 0, by_e * u, out);
        });
    }

    static void add(const Neighbour& n, double by_x, const Vec3& by_angular, const Evaluation& out) {
        const Vec3 direction = n.vector / n.sight.r;
        out.edge_gradient[static_cast<std::size_t>(n.edge)] +=
            n.sight.h * by_angular + (by_x * n.sight.x_slope + by_angular.dot(n.vector) * n.sight.h_slope) * direction;
    }

    const Architecture& a_;
    std::span<const double> parameters_;
    const std::vector<PlainNetwork>&embeddings_, &fitting_;
    const std::vector<Normalisation>& normalisations_;
    int type_ = 0;
    std::vector<Neighbour> neighbours_;
    Matrix m_;
};

}  // namespace

void evaluate_exactly(const Architecture& architecture, std::span<const double> parameters, const Graph& graph, const Evaluation& out) {
    std::vector<PlainNetwork> embeddings, fitting;
    for (const auto& plan : architecture.embeddings) embeddings.emplace_back(architecture, plan, parameters);
    for (const auto& plan : architecture.fitting) fitting.emplace_back(architecture, plan, parameters);
    const auto normalisations = deep_potential::normalisations(architecture, parameters);
    for (int i = 0; i < graph.num_local; ++i) Atom(architecture, parameters, embeddings, fitting, normalisations).evaluate(graph, i, out);
}

}  // namespace alkali::models::deep_potential
