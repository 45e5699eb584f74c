#pragma once
#include <memory>
#include <variant>

#include "alkali/models/common/tabulated_model.hpp"
#include "alkali/models/contract/limits.hpp"
#include "alkali/models/deep_potential/architecture.hpp"

namespace alkali::models::deep_potential {

/// How a Deep Potential is evaluated, apart from its hyperparameters.
struct EvaluationOptions {
    bool exact = false;           ///< the embedding nets themselves instead of their tables, in float64 and slow; not for training
    std::string instruction_set;  ///< empty: the fastest; "reference", or a name of kernels::simd_kernels()
};

/// Zhang et al., Phys. Rev. Lett. 120, 143001 (2018) and NeurIPS 31, 4436 (2018), as DeePMD-kit 3 builds it: descriptors se_e2_a,
/// se_e2_r and se_e3. docs/theory/deep_potential.md.
class DeepPotential final : public TabulatedModel<Architecture>, public HasLimits {
public:
    /// Weights zero, deviations of the environment one. Errors: InputError for an unknown instruction set.
    explicit DeepPotential(Hyperparameters hyperparameters, EvaluationOptions options = {});
    ~DeepPotential() override;

    [[nodiscard]] std::string kind() const override { return "deep_potential"; }
    [[nodiscard]] double cutoff() const override { return architecture().hyper.descriptor.rcut; }
    /// Errors: InputError where an atom has more neighbours than `sel`.
    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const override;
    /// Room for neighbours: `sel`.
    void require_within_limits(const Graph& graph, const std::string& where) const override;
    /// What enters the last layer of the fitting net.
    [[nodiscard]] std::size_t num_features() const override;
    void count_operations(const Graph& graph, base::Profile& profile) const override;
    [[nodiscard]] std::unique_ptr<TrainingPass> make_training_pass() const override;

private:
    void derive_weights() override;
    [[nodiscard]] std::function<Tabulation(int)> table_errors() const override;
    template <class T>
    struct Engine;
    EvaluationOptions options_;
    /// float: precisions float32 and mixed.
    std::variant<std::unique_ptr<Engine<float>>, std::unique_ptr<Engine<double>>> engine_;
};

/// Draws weights as DeePMD-kit does: normal, matrices with deviation 1 / sqrt(inputs + outputs), biases 1, time steps 0.1 +- 0.001,
/// the last bias zero; bias_atom_e and the statistics as they are in `parameters`.
void draw_weights(const Architecture& architecture, std::uint64_t seed, std::span<double> parameters);

}  // namespace alkali::models::deep_potential
