#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alkali/base/profile.hpp"
#include "alkali/models/contract/graph.hpp"

namespace alkali::models {

enum class Precision { float32, mixed, float64 };
[[nodiscard]] std::string_view to_string(Precision precision);
/// InputError naming the word and the known ones.
[[nodiscard]] Precision precision_from(std::string_view name);

/// Where a model writes. Sizes are the caller's: (num_local), (E).
struct Evaluation {
    std::span<double> energies;        ///< eV per local atom
    std::span<Vec3> edge_gradient;     ///< d(sum of energies of all domains)/d(edge vector), eV/angstrom
    base::Profile* profile = nullptr;  ///< receives the time of each part (parts.hpp), if wanted
    std::span<double> features = {};   ///< (num_local, num_features()) if wanted: see there
};

/// A trained potential. Thread-safe for concurrent evaluate() on different graphs; uses OpenMP inside with results that do
/// not depend on the number of threads.
class Model {
public:
    virtual ~Model() = default;
    /// Registered kind: "nequip", "deep_potential".
    [[nodiscard]] virtual std::string kind() const = 0;
    /// Chemical symbols by type index.
    [[nodiscard]] virtual const std::vector<std::string>& type_names() const = 0;
    [[nodiscard]] virtual double cutoff() const = 0;
    [[nodiscard]] virtual Precision precision() const = 0;
    virtual void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const = 0;
    /// Adds the operations that the model's formulas need for one evaluate() of this graph, by part (parts.hpp); nothing for
    /// models that do not count.
    virtual void count_operations(const Graph& graph, base::Profile& profile) const {
        static_cast<void>(graph);
        static_cast<void>(profile);
    }
    /// Length of the row that says of an atom what the model's last step, from features to energy, knows of it; 0: none.
    [[nodiscard]] virtual std::size_t num_features() const { return 0; }
    /// Hyperparameters as in the config's `model` block, complete (defaults filled in).
    [[nodiscard]] virtual nlohmann::json hyperparameters() const = 0;
};

/// One named parameter array inside the flat vector.
struct ParameterInfo {
    std::string name;  ///< e.g. "layers.1.linear_1.0e"
    std::vector<std::size_t> shape;
    std::size_t offset = 0;  ///< in the flat vector
    std::size_t size = 0;
    bool trainable = true;
    bool decays = true;  ///< weight decay applies
};

/// Loss seeds for one graph: the scalar O = sum_i energy_seed[i] E_i + sum_e edge_seed[e] . dE/d(edge vector e).
struct GradientSeeds {
    std::span<const double> energies;  ///< (num_local)
    std::span<const Vec3> edges;       ///< (E)
};

/// Evaluation and parameter gradient of one graph after another; keeps its memory from call to call.
/// The graph of a batch is the disjoint union of its frames. Deterministic for any number of threads.
class TrainingPass {
public:
    virtual ~TrainingPass() = default;
    /// As Model::evaluate with the model's present parameters; remembers what the gradient needs.
    virtual void evaluate(const Graph& graph, const Evaluation& out) = 0;
    /// Adds dO/dtheta for the graph of the last evaluate() to gradient (flat, size of parameters()).
    virtual void accumulate_gradient(const GradientSeeds& seeds, std::span<double> gradient) = 0;
};

/// Functions inside a model that are kept as tables: how fine these are, and what they change (docs/decisions/0011).
struct Tabulation {
    int intervals = 0;
    double energy_error = 0;  ///< eV/atom, |tables - exact functions|, both in float64, largest over the model's probe structures
    double force_error = 0;   ///< eV/angstrom, the same for components of forces

    static constexpr double energy_bound = 1e-7, force_bound = 1e-6;
    /// The probes keep half of the bounds, since larger structures meet larger extremes.
    [[nodiscard]] bool within_bounds() const { return energy_error <= 0.5 * energy_bound && force_error <= 0.5 * force_bound; }
};

/// A model whose parameters can be fitted. Master parameters are float64 in one flat vector; set_parameters() derives
/// what the kernels use (splines, float32 copies).
class TrainableModel : public Model {
public:
    [[nodiscard]] virtual const std::vector<ParameterInfo>& layout() const = 0;
    [[nodiscard]] virtual std::span<const double> parameters() const = 0;
    virtual void set_parameters(std::span<const double> parameters) = 0;
    [[nodiscard]] virtual std::unique_ptr<TrainingPass> make_training_pass() const = 0;
    /// Measured for the present parameters at every call; nothing where the model keeps no tables.
    [[nodiscard]] virtual std::optional<Tabulation> tabulation() const { return {}; }
    /// For inference: makes the tables finer by doubling until they are within the bounds or cannot be made finer, and
    /// says what they are then. Never coarser than the model was trained with. Not while evaluate() runs elsewhere.
    virtual std::optional<Tabulation> refine_tabulation() { return {}; }
};

}  // namespace alkali::models
