#pragma once
#include "alkali/models/deep_potential/architecture.hpp"

/// What a centre sees of one neighbour (Zhang et al., NeurIPS 31, 4436 (2018), eq. 3-5):
///   s = w(r) / (r + p),  a = w(r) r_vec / (r + p)^2,  w = 1 up to rcut_smth, 0 from rcut on, between them
///   1 + u^3 (-6 u^2 + 15 u - 10),  u = (r - rcut_smth) / (rcut - rcut_smth)
/// and both over mean and deviation of the data: x = (s - mean) / deviation, h r_vec with h = w / ((r + p)^2 deviation_a).
namespace alkali::models::deep_potential {

/// Mean and deviation for one centre and one neighbour type.
struct Normalisation {
    double mean = 0, deviation = 1, angular_deviation = 1;
    /// x of a neighbour that is not there.
    [[nodiscard]] double empty() const { return -mean / deviation; }
};
/// (types x types). Errors: InputError where a model has what DeePMD-kit never makes: deviations that are not positive, angular means
/// that are not zero, three angular deviations that differ.
[[nodiscard]] std::vector<Normalisation> normalisations(const Architecture& architecture, std::span<const double> parameters);

/// DeePMD-kit's factor of the descriptor se_e2_r.
inline constexpr double radial_scale = 0.2;

/// One neighbour and its derivatives by r.
struct Sight {
    double r = 0;
    double x = 0, x_slope = 0;
    double h = 0, h_slope = 0;
};
[[nodiscard]] Sight look(const DescriptorHyperparameters& descriptor, const Normalisation& normalisation, double r);

/// s and h without mean and deviation.
[[nodiscard]] Sight bare_sight(const DescriptorHyperparameters& descriptor, double r);

}  // namespace alkali::models::deep_potential
