#pragma once
#include <cmath>
#include <memory>

#include "alkali/base/random.hpp"
#include "alkali/models/common/registry.hpp"
#include "alkali/models/common/statistics.hpp"

namespace alkali::models::testing {

/// A small trainable many-body potential with everything written out:
///   rho_i = sum_j sum_k w[t_i][k] phi_k(r_ij),  phi_k(r) = exp(-4 (r - c_k)^2) (1 - (r/r_max)^2)^3
///   E_i = shift[t_i] + scale[t_i] tanh(rho_i + coupling sum_j (1 - (r_ij/r_max)^2)^3 rho_j)
/// With coupling != 0 it needs the exchange between domains; training takes coupling = 0.
class ToyModel final : public TrainableModel {
public:
    explicit ToyModel(nlohmann::json hyperparameters) : hyperparameters_(std::move(hyperparameters)) {
        names_ = hyperparameters_.at("type_names").get<std::vector<std::string>>();
        r_max_ = hyperparameters_.at("r_max");
        gaussians_ = hyperparameters_.at("num_gaussians");
        coupling_ = hyperparameters_.value("coupling", 0.0);
        const std::size_t types = names_.size();
        layout_ = {{"weights", {types, gaussians_}, 0, types * gaussians_, true, true},
                   {"scales", {types}, types * gaussians_, types, true, false},
                   {"shifts", {types}, types * (gaussians_ + 1), types, true, false}};
        parameters_.assign(types * (gaussians_ + 2), 0.0);
    }

    [[nodiscard]] std::string kind() const override { return "toy"; }
    [[nodiscard]] const std::vector<std::string>& type_names() const override { return names_; }
    [[nodiscard]] double cutoff() const override { return r_max_; }
    [[nodiscard]] Precision precision() const override { return Precision::float64; }
    [[nodiscard]] nlohmann::json hyperparameters() const override { return hyperparameters_; }
    [[nodiscard]] const std::vector<ParameterInfo>& layout() const override { return layout_; }
    [[nodiscard]] std::span<const double> parameters() const override { return parameters_; }
    void set_parameters(std::span<const double> parameters) override { parameters_.assign(parameters.begin(), parameters.end()); }
    [[nodiscard]] std::unique_ptr<TrainingPass> make_training_pass() const override;

    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const override {
        const auto atoms = static_cast<std::size_t>(graph.num_atoms());
        std::vector<double> rho(atoms + 1, 0.0), rho_gradient(atoms + 1, 0.0);
        for (int i = 0; i < graph.num_local; ++i)
            for_edges(graph, i, [&](std::size_t e) { rho[static_cast<std::size_t>(i)] += density(graph, i, e).first; });
        exchange.forward(rho.data(), 1);
        for (int i = 0; i < graph.num_local; ++i) {
            const auto t = type(graph, i);
            double argument = rho[static_cast<std::size_t>(i)];
            for_edges(graph, i, [&](std::size_t e) {
                argument += coupling_ * envelope(graph.vector[e].norm()).first * rho[static_cast<std::size_t>(graph.neighbour[e])];
            });
            const double value = std::tanh(argument), slope = scale(t) * (1 - value * value);
            out.energies[static_cast<std::size_t>(i)] = shift(t) + scale(t) * value;
            rho_gradient[static_cast<std::size_t>(i)] += slope;
            for_edges(graph, i, [&](std::size_t e) {
                const auto [f, df] = envelope(graph.vector[e].norm());
                const auto j = static_cast<std::size_t>(graph.neighbour[e]);
                rho_gradient[j] += slope * coupling_ * f;
                out.edge_gradient[e] = slope * coupling_ * df * rho[j] * graph.vector[e].normalized();
            });
        }
        exchange.reverse_add(rho_gradient.data(), 1);
        for (int i = 0; i < graph.num_local; ++i)
            for_edges(graph, i, [&](std::size_t e) {
                out.edge_gradient[e] +=
                    rho_gradient[static_cast<std::size_t>(i)] * density(graph, i, e).second * graph.vector[e].normalized();
            });
    }

    // Shared with the training pass.
    template <class F>
    static void for_edges(const Graph& graph, int i, F f) {
        for (auto e = graph.first[static_cast<std::size_t>(i)]; e < graph.first[static_cast<std::size_t>(i) + 1]; ++e)
            f(static_cast<std::size_t>(e));
    }
    [[nodiscard]] static std::size_t type(const Graph& graph, int i) {
        return static_cast<std::size_t>(graph.types[static_cast<std::size_t>(i)]);
    }
    [[nodiscard]] std::size_t gaussians() const { return gaussians_; }
    [[nodiscard]] double scale(std::size_t t) const { return parameters_[layout_[1].offset + t]; }
    [[nodiscard]] double shift(std::size_t t) const { return parameters_[layout_[2].offset + t]; }
    /// (1 - (r/r_max)^2)^3 and its derivative.
    [[nodiscard]] std::pair<double, double> envelope(double r) const {
        const double u = 1 - r * r / (r_max_ * r_max_);
        return {u * u * u, -6 * r / (r_max_ * r_max_) * u * u};
    }
    /// phi_k(r) and its derivative.
    [[nodiscard]] std::pair<double, double> basis(std::size_t k, double r) const {
        const double centre = r_max_ * static_cast<double>(k + 1) / static_cast<double>(gaussians_ + 1), x = r - centre,
                     g = std::exp(-4 * x * x);
        const auto [f, df] = envelope(r);
        return {g * f, g * (df - 8 * x * f)};
    }
    [[nodiscard]] std::pair<double, double> density(const Graph& graph, int i, std::size_t e) const {
        double value = 0, slope = 0;
        for (std::size_t k = 0; k < gaussians_; ++k) {
            const auto [f, df] = basis(k, graph.vector[e].norm());
            const double w = parameters_[type(graph, i) * gaussians_ + k];
            value += w * f;
            slope += w * df;
        }
        return {value, slope};
    }

private:
    nlohmann::json hyperparameters_;
    std::vector<std::string> names_;
    double r_max_ = 0, coupling_ = 0;
    std::size_t gaussians_ = 0;
    std::vector<ParameterInfo> layout_;
    std::vector<double> parameters_;
};

class ToyPass final : public TrainingPass {
public:
    explicit ToyPass(const ToyModel& model) : model_(model) {}
    void evaluate(const Graph& graph, const Evaluation& out) override {
        graph_ = graph;
        NoExchange exchange;
        model_.evaluate(graph, exchange, out);
    }
    void accumulate_gradient(const GradientSeeds& seeds, std::span<double> gradient) override {
        const auto& layout = model_.layout();
        for (int i = 0; i < graph_.num_local; ++i) {
            const auto t = ToyModel::type(graph_, i);
            double rho = 0, q = 0;
            ToyModel::for_edges(graph_, i, [&](std::size_t e) {
                const auto [h, dh] = model_.density(graph_, i, e);
                rho += h;
                q += dh * seeds.edges[e].dot(graph_.vector[e].normalized());
            });
            const double value = std::tanh(rho), first = 1 - value * value, second = -2 * value * first,
                         sigma = seeds.energies[static_cast<std::size_t>(i)];
            gradient[layout[1].offset + t] += sigma * value + first * q;
            gradient[layout[2].offset + t] += sigma;
            ToyModel::for_edges(graph_, i, [&](std::size_t e) {
                const double p = seeds.edges[e].dot(graph_.vector[e].normalized());
                for (std::size_t k = 0; k < model_.gaussians(); ++k) {
                    const auto [f, df] = model_.basis(k, graph_.vector[e].norm());
                    gradient[t * model_.gaussians() + k] += model_.scale(t) * ((sigma * first + second * q) * f + first * p * df);
                }
            });
        }
    }

private:
    const ToyModel& model_;
    Graph graph_;
};

inline std::unique_ptr<TrainingPass> ToyModel::make_training_pass() const { return std::make_unique<ToyPass>(*this); }

inline ModelKind toy_kind() {
    ModelKind kind;
    kind.name = "toy";
    kind.energy_shifts = "shifts";
    kind.help = "a few Gaussians, for tests";
    kind.options = [] {
        config::Options options;
        options.texts("type_names", "chemical symbols").required();
        options.number("r_max", "cutoff").unit("angstrom").fallback(4.0).above(0);
        options.integer("num_gaussians", "basis size").fallback(5).at_least(1);
        options.number("coupling", "strength of the second layer").fallback(0.0);
        return options;
    };
    kind.create = [](const nlohmann::json& hyperparameters, std::span<const structure::Frame> frames, std::uint64_t seed,
                     base::LogSink&) -> std::unique_ptr<TrainableModel> {
        auto model = std::make_unique<ToyModel>(hyperparameters);
        base::Random random(seed);
        std::vector<double> values(model->parameters().size());
        const std::size_t types = model->type_names().size(), weights = types * model->gaussians();
        for (std::size_t k = 0; k < weights; ++k) values[k] = 0.3 * random.normal();
        const auto shifts = frames.empty() ? std::vector<double>(types, 0.0) : per_type_energy_shifts(frames, model->type_names());
        for (std::size_t t = 0; t < types; ++t) {
            values[weights + t] = 0.5 + 0.1 * random.normal();
            values[weights + types + t] = shifts[t];
        }
        model->set_parameters(values);
        return model;
    };
    kind.build = [](const nlohmann::json& hyperparameters, const nlohmann::json&,
                    std::optional<Precision>) -> std::unique_ptr<TrainableModel> { return std::make_unique<ToyModel>(hyperparameters); };
    return kind;
}

/// N atoms at random in a skewed periodic cell of this edge, no two nearer than 1.2 angstrom; species taken in turn.
inline structure::Structure random_structure(std::size_t atoms, double edge, std::uint64_t seed, const std::vector<int>& numbers = {3}) {
    base::Random random(seed);
    Mat3 vectors;
    vectors << edge, 0, 0, 0.2 * edge, 0.9 * edge, 0, -0.1 * edge, 0.15 * edge, 1.1 * edge;
    structure::Structure structure{structure::Cell(vectors), {}, {}};
    while (structure.size() < atoms) {
        const Vec3 candidate = structure.cell.to_cartesian(Vec3(random.uniform(), random.uniform(), random.uniform()));
        bool free = true;
        for (const auto& position : structure.positions)
            for (int a = -1; a <= 1; ++a)
                for (int b = -1; b <= 1; ++b)
                    for (int c = -1; c <= 1; ++c)
                        free = free && (candidate - position + a * structure.cell.vector(0) + b * structure.cell.vector(1) +
                                        c * structure.cell.vector(2))
                                               .norm() > 1.2;
        if (free) structure.add(numbers[structure.size() % numbers.size()], candidate);
    }
    return structure;
}

}  // namespace alkali::models::testing
