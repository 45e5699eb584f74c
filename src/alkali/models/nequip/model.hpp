#pragma once
#include <memory>
#include <variant>

#include "alkali/models/common/tabulated_model.hpp"
#include "alkali/models/nequip/pass.hpp"

namespace alkali::models::nequip {

/// How a NequIP is evaluated, apart from its hyperparameters.
struct EvaluationOptions {
    RadialMode radial = RadialMode::spline;
    std::string instruction_set;  ///< empty: the fastest; "reference", or a name of kernels::simd_kernels()
    /// Rows of a layer that take more bytes than this are given back as soon as they can be, those before the convolution even
    /// before the way back, where they are computed again. Results are the same. Smaller ones stay: taking memory costs time.
    std::size_t most_bytes_held = std::size_t{256} << 20;
};

/// Batzner et al., Nat. Commun. 13, 2453 (2022), as nequip 0.19 builds it (NequIPGNNModel).
class NequIP final : public TabulatedModel<Architecture> {
public:
    /// All parameters zero. Errors: InputError for hyperparameters that cannot be, or an unknown instruction set.
    explicit NequIP(Hyperparameters hyperparameters, EvaluationOptions options = {});
    ~NequIP() override;

    [[nodiscard]] std::string kind() const override { return "nequip"; }
    [[nodiscard]] double cutoff() const override { return architecture().hyper.r_max; }
    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const override;
    /// The scalars that enter the readout.
    [[nodiscard]] std::size_t num_features() const override;
    void count_operations(const Graph& graph, base::Profile& profile) const override;
    [[nodiscard]] std::unique_ptr<TrainingPass> make_training_pass() const override;

private:
    void derive_weights() override;
    [[nodiscard]] std::function<Tabulation(int)> table_errors() const override;
    template <class T>
    struct Engine;
    EvaluationOptions options_;
    std::vector<RadialNetwork> radial_;
    /// float: precisions float32 and mixed.
    std::variant<std::unique_ptr<Engine<float>>, std::unique_ptr<Engine<double>>> engine_;
};

/// Draws parameters as nequip does: normal for embeddings and equivariant linear maps, uniform of variance 1 for the radial and
/// readout networks; Bessel roots 1..n; scales 1 and shifts 0.
[[nodiscard]] std::vector<double> initial_parameters(const Architecture& architecture, std::uint64_t seed);

}  // namespace alkali::models::nequip
