#pragma once
#include "alkali/models/nequip/pass.hpp"

namespace alkali::models::nequip {

/// Parameter gradient of O = sum_i a_i E_i + sum_e v_e . dE/dr_e, exact: the second sum is the directional derivative of
/// the energy along v, so O is reached by one forward pass with tangents and one reverse pass through it. The adjoints of
/// the tangents are the energy gradients that evaluate() has left. Derivation: docs/theory/nequip.md.
template <class T>
class GradientPass final : public TrainingPass, private Pass<T> {
public:
    explicit GradientPass(const PassSetup<T>& setup);
    void evaluate(const Graph& graph, const Evaluation& out) override;
    void accumulate_gradient(const GradientSeeds& seeds, std::span<double> gradient) override;

private:
    using Rows = base::AlignedVector<T>;
    /// Gradients in the space the kernels work in, of one share of the atoms.
    struct LayerShare {
        Rows linear_1, linear_2, coefficients;
        std::vector<Rows> self;  ///< per type
    };
    struct Share {
        int begin = 0, end = 0;  ///< atoms
        std::vector<LayerShare> layers;
        std::vector<double> embedding, readout, scales, shifts;
    };
    /// Tangents of one layer.
    struct TangentState {
        Rows x, y, mid, z;
    };

    void set_up_shares();
    void tangent_layer(int k, std::span<const Vec3> direction);
    void reverse_readout(std::span<const double> seeds);
    void reverse_layer(int k, std::span<const Vec3> direction);
    void reverse_local(int k, Share& share, Rows& mid_adjoint, Rows& below);
    void reverse_convolution(int k, Share& share, std::span<const Vec3> direction, const Rows& mid_adjoint, Rows& y_adjoint);
    void collect(std::span<double> gradient);
    void collect_layer(int k, std::span<double> gradient);

    Graph graph_;
    std::vector<Share> shares_;
    std::vector<TangentState> tangents_;
    Rows feature_tangent_;  ///< tangent of the features that leave the last finished layer
    Rows feature_adjoint_;  ///< dO/d of them on the way back
};

}  // namespace alkali::models::nequip
