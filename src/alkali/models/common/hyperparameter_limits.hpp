#pragma once

/// How far hyperparameters may go, in configs and in model files alike: far beyond every model in use, and short of what no machine
/// holds or no integer counts.
namespace alkali::models {

inline constexpr double longest_cutoff = 20;  ///< angstrom; a metal has some 2000 atoms within it
inline constexpr int most_layers = 64;        ///< of a model, of one of its networks
inline constexpr int most_channels = 8192;    ///< features, widths of networks
inline constexpr int most_basis_functions = 1024;
inline constexpr int highest_exponent = 100;  ///< of cutoff functions
inline constexpr int most_neighbours = 1'000'000;

}  // namespace alkali::models
