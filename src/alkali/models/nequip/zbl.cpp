#include "alkali/models/nequip/zbl.hpp"

#include <array>
#include <cmath>

#include "alkali/units/elements.hpp"

namespace alkali::models::nequip {
namespace {
constexpr double exponent = 0.23, screening_length = 0.46850;  // angstrom
constexpr double coulomb = 14.399645;                          // e^2 / (4 pi epsilon_0), eV angstrom, LAMMPS metal units
constexpr std::array<double, 4> weight = {0.02817, 0.28022, 0.50986, 0.18175};
constexpr std::array<double, 4> decay = {-0.20162, -0.40290, -0.94229, -3.19980};
}  // namespace

Zbl::Zbl(const Hyperparameters& hyperparameters) : p_(hyperparameters.zbl_polynomial_cutoff_p) {
    for (const auto& name : hyperparameters.type_names) charge_.push_back(units::atomic_number(name));
}

Zbl::Value Zbl::evaluate(int centre_type, int neighbour_type, double r, double cutoff) const {
    const double x = r / cutoff;
    if (!(x < 1)) return {};
    const double zi = charge_[static_cast<std::size_t>(centre_type)], zj = charge_[static_cast<std::size_t>(neighbour_type)];
    const double inverse = (std::pow(zi, exponent) + std::pow(zj, exponent)) / screening_length;
    double psi = 0, psi_slope = 0;
    for (std::size_t k = 0; k < weight.size(); ++k) {
        const double term = weight[k] * std::exp(decay[k] * inverse * r);
        psi += term;
        psi_slope += decay[k] * inverse * term;
    }
    const double bare = 0.5 * coulomb * zi * zj / r;
    const double p = p_, below = std::pow(x, p_ - 1), power = below * x;
    const double a = (p + 1) * (p + 2) / 2, b = p * (p + 2), c = p * (p + 1) / 2;
    const double u = 1 - power * (a - x * (b - c * x));
    const double u_slope = -below * (a * p - x * (b * (p + 1) - c * (p + 2) * x)) / cutoff;
    return {bare * psi * u, bare * ((psi_slope - psi / r) * u + psi * u_slope)};
}

}  // namespace alkali::models::nequip
