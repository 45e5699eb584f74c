#pragma once
#include <span>

#include "alkali/kernels/contract/convolution.hpp"

/// How many floating-point operations the convolution's formula needs, whatever an implementation does: a multiply-add is
/// two, a lone product one. Derivation: docs/performance.md.
namespace alkali::kernels {

enum class ConvolutionInput {
    features,  ///< differ from atom to atom and have a gradient
    constant,  ///< one row per species: products with it belong to the species' radial weights, and no gradient is needed
};

/// Operations per edge.
struct ConvolutionOperations {
    double forward = 0;
    double backward = 0;          ///< products that the forward pass has formed are not counted again
    double tangent = 0;           ///< stands alone
    double tangent_backward = 0;  ///< stands alone
    double radial_value = 0;      ///< cubic B-splines, four coefficients each: the weights w
    double radial_slope = 0;      ///< dw/dx
};

/// channels: true (unpadded) number of channels of each path; empty: the plan's.
[[nodiscard]] ConvolutionOperations convolution_operations(const ConvolutionPlan& plan, std::span<const int> channels = {},
                                                           ConvolutionInput input = ConvolutionInput::features);

}  // namespace alkali::kernels
