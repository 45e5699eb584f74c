#pragma once
#include <span>
#include <vector>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/common/spline.hpp"
#include "alkali/models/nequip/architecture.hpp"

/// The radial weights of a layer as a function of x = r / cutoff, always in float64.
///   b_n(x) = (2 pi / r_max^2) sin(w_n pi x) / (pi x) u(x),  u the polynomial cutoff (Gasteiger et al. 2020),
///   weights = MLP(b) with silu and no bias; each matrix scaled by gain / sqrt(inputs), gain 1 first, sqrt(2) after.
namespace alkali::models::nequip {

class RadialNetwork {
public:
    RadialNetwork(const Architecture& architecture, int layer, const kernels::KernelSet<double>& kernels);
    /// Padded length of a weight row (the convolution's weight_width).
    [[nodiscard]] int width() const { return width_; }
    /// rows: (x.size(), width()). slopes, if not empty: d(rows)/dx.
    void evaluate(std::span<const double> parameters, std::span<const double> x, std::span<double> rows, std::span<double> slopes) const;
    /// Adds to gradient (flat, all parameters) what row_gradient (x.size(), width()) implies.
    void accumulate_gradient(std::span<const double> parameters, std::span<const double> x, std::span<const double> row_gradient,
                             std::span<double> gradient) const;

private:
    struct Dense {
        std::size_t offset = 0;
        int inputs = 0, outputs = 0;
        double scale = 1;
    };
    struct Activations;
    void forward(std::span<const double> parameters, std::span<const double> x, Activations& a, bool tangent, bool derivatives) const;
    void pack(std::span<const double> parameters, std::size_t layer, base::AlignedVector<double>& matrix, bool transposed) const;
    /// Column of output u of the last matrix in the padded row.
    const Architecture& architecture_;
    const kernels::KernelSet<double>& kernels_;
    std::vector<Dense> dense_;
    std::vector<int> column_;  ///< (raw width) padded position of each weight
    int width_ = 0;
    std::size_t bessel_ = 0;
};

}  // namespace alkali::models::nequip
