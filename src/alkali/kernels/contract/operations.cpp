#include "alkali/kernels/contract/operations.hpp"

namespace alkali::kernels {
namespace {

constexpr double spline_taps = 4;  ///< coefficients that reach one point of a cubic spline

void add_path(const Path& path, const std::vector<PathTerm>& terms, double channels, ConvolutionInput input, ConvolutionOperations& sum) {
    const double folded = static_cast<double>(terms.size());         // C Y, once per edge
    const double pairs = terms.empty() ? 0 : terms.back().pair + 1;  // distinct (m1, m3)
    const double angular = path.l2 > 0 ? 1 : 0;                      // Y of l = 0 is a constant
    const double components = input == ConvolutionInput::features ? 2 * path.l1 + 1 : 0;
    const double coupling = 2 * pairs * channels;  // one sweep over the pairs, every channel

    // a = w x; out += D a, with D = C Y.
    sum.forward += folded + components * channels + coupling;
    // h = D^T g; dw = x . h and dx += w' dw; dinput += w h; dY += C (g . a).
    sum.backward += coupling + angular * (coupling + 2 * folded) + (4 * components + 2) * channels;
    // a = w x, a' = w' x + w x'; out' += D a' + D' a.
    sum.tangent += (1 + angular) * (folded + coupling) + (4 * components + 1) * channels;
    // h = D^T A + D'^T G, k = D^T G; dinput += w h + w' k; dw = x . h + x' . k; dw' = dx (x . k).
    sum.tangent_backward += (1 + angular) * folded + (2 + angular) * coupling + (10 * components + 2) * channels;
    sum.radial_value += 2 * spline_taps * channels;
    sum.radial_slope += 2 * spline_taps * channels;
}

}  // namespace

ConvolutionOperations convolution_operations(const ConvolutionPlan& plan, std::span<const int> channels, ConvolutionInput input) {
    ConvolutionOperations sum;
    for (std::size_t p = 0; p < plan.paths.size(); ++p)
        add_path(plan.paths[p], plan.terms[p], channels.empty() ? plan.paths[p].channels : channels[p], input, sum);
    return sum;
}

}  // namespace alkali::kernels
