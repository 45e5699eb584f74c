#pragma once
#include <memory>

#include "alkali/models/contract/model.hpp"
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
class NequIP final : public TrainableModel {
public:
    /// All parameters zero. Errors: InputError for hyperparameters that cannot be, or an unknown instruction set.
    explicit NequIP(Hyperparameters hyperparameters, EvaluationOptions options = {});
    ~NequIP() override;

    [[nodiscard]] std::string kind() const override { return "nequip"; }
    [[nodiscard]] const std::vector<std::string>& type_names() const override { return architecture_.hyper.type_names; }
    [[nodiscard]] double cutoff() const override { return architecture_.hyper.r_max; }
    [[nodiscard]] Precision precision() const override { return architecture_.hyper.model_dtype; }
    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out) const override;
    /// The scalars that enter the readout.
    [[nodiscard]] std::size_t num_features() const override;
    void count_operations(const Graph& graph, base::Profile& profile) const override;
    [[nodiscard]] nlohmann::json hyperparameters() const override { return architecture_.hyper.to_json(); }
    [[nodiscard]] const std::vector<ParameterInfo>& layout() const override { return architecture_.parameters; }
    [[nodiscard]] std::span<const double> parameters() const override { return parameters_; }
    void set_parameters(std::span<const double> parameters) override;
    [[nodiscard]] std::unique_ptr<TrainingPass> make_training_pass() const override;

    [[nodiscard]] std::optional<Tabulation> tabulation() const override;
    std::optional<Tabulation> refine_tabulation() override;
    /// Other splines through the same network. Errors: InputError for fewer than 8.
    void set_spline_intervals(int intervals);

    [[nodiscard]] const Architecture& architecture() const { return architecture_; }

private:
    template <class T>
    struct Engine;
    Architecture architecture_;
    EvaluationOptions options_;
    std::vector<RadialNetwork> radial_;
    std::vector<double> parameters_;
    std::unique_ptr<Engine<float>> single_;   // float32 and mixed
    std::unique_ptr<Engine<double>> double_;  // float64
};

/// Draws parameters as nequip does: normal for embeddings and equivariant linear maps, uniform of variance 1 for the radial and
/// readout networks; Bessel roots 1..n; scales 1 and shifts 0.
[[nodiscard]] std::vector<double> initial_parameters(const Architecture& architecture, std::uint64_t seed);

}  // namespace alkali::models::nequip
