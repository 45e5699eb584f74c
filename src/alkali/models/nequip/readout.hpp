#pragma once
#include <span>
#include <vector>

#include "alkali/models/nequip/architecture.hpp"

namespace alkali::models::nequip {

/// The last step, scalars of an atom -> energy, in float64: s -> f(s W_0) W_1 ..., without hidden layers a dot product.
class Readout {
public:
    /// matrices: (in, out) row-major, scaled; dims: their sizes; nonlinear: silu between them.
    Readout(const Architecture& architecture, const std::vector<std::vector<double>>& matrices);
    [[nodiscard]] int inputs() const { return dims_[0]; }
    /// Energy in units of the type's scale; gradient (inputs()) of it, if not empty.
    [[nodiscard]] double evaluate(std::span<const double> scalars, std::span<double> gradient) const;
    /// For O = seed * E + dE/ds: adds dO/dW to weight_gradient (matrices one after another, with respect to the scaled
    /// ones) and returns dO/dscalars in adjoint. values: E and dE/ds.
    struct Values {
        double energy = 0, tangent = 0;
    };
    [[nodiscard]] Values accumulate(std::span<const double> scalars, std::span<const double> scalars_tangent, double seed,
                                    double tangent_seed, std::span<double> adjoint, std::span<double> weight_gradient) const;
    [[nodiscard]] std::size_t weights() const;

private:
    const std::vector<std::vector<double>>& matrices_;
    std::vector<int> dims_;
    bool nonlinear_;
};

}  // namespace alkali::models::nequip
