#include "alkali/properties/equation_of_state/fit.hpp"

#include <Eigen/Dense>
#include <cmath>

#include "alkali/base/error.hpp"

namespace alkali::properties {
namespace {

using Curve = double (*)(const EquationOfState&, double);

void check_count(std::span<const EnergyVolume> points) {
    if (points.size() < 5) throw InputError("an equation of state needs at least 5 volumes, there are " + std::to_string(points.size()));
}

double residual(const EquationOfState& eos, std::span<const EnergyVolume> points, Curve curve) {
    double sum = 0;
    for (const auto& p : points) sum += std::pow(p.energy - curve(eos, p.volume), 2);
    return std::sqrt(sum / static_cast<double>(points.size()));
}

Eigen::Vector4d to_vector(const EquationOfState& e) { return {e.energy, e.volume, e.bulk_modulus, e.derivative}; }
EquationOfState from_vector(const Eigen::Vector4d& v) { return {v[0], v[1], v[2], v[3], 0}; }

}  // namespace

double birch_murnaghan_energy(const EquationOfState& e, double volume) {
    const double s = std::pow(e.volume / volume, 2.0 / 3) - 1;
    return e.energy + 9.0 / 16 * e.volume * e.bulk_modulus * (s * s * s * e.derivative + s * s * (6 - 4 * (s + 1)));
}

double vinet_energy(const EquationOfState& e, double volume) {
    const double x = std::cbrt(volume / e.volume), d = e.derivative - 1;
    return e.energy +
           2 * e.bulk_modulus * e.volume / (d * d) * (2 - (5 + 3 * e.derivative * (x - 1) - 3 * x) * std::exp(-1.5 * d * (x - 1)));
}

// E = sum c_k t^k with t = (V/Vm)^(-2/3) - 1 about the mean volume Vm, which conditions the fit.
EquationOfState fit_birch_murnaghan(std::span<const EnergyVolume> points) {
    check_count(points);
    const auto n = static_cast<Eigen::Index>(points.size());
    double mean = 0;
    for (const auto& p : points) mean += p.volume / static_cast<double>(n);
    Eigen::MatrixXd design(n, 4);
    Eigen::VectorXd energy(n);
    for (Eigen::Index k = 0; k < n; ++k) {
        const auto& p = points[static_cast<std::size_t>(k)];
        const double t = std::pow(p.volume / mean, -2.0 / 3) - 1;
        design.row(k) << 1, t, t * t, t * t * t;
        energy[k] = p.energy;
    }
    const Eigen::Vector4d c = design.colPivHouseholderQr().solve(energy);
    const double discriminant = c[2] * c[2] - 3 * c[1] * c[3];
    const double t = discriminant > 0 ? -c[1] / (c[2] + std::sqrt(discriminant)) : -1;
    const double second = 2 * c[2] + 6 * c[3] * t;
    if (!(discriminant > 0 && t > -1 && second > 0))
        throw ConvergenceError("the energies have no minimum as a function of volume", {},
                               "does the calculator describe this crystal at all, or was the range of volumes too narrow?");
    EquationOfState eos;
    const double u = 1 + t;
    eos.volume = mean * std::pow(u, -1.5);
    eos.energy = c[0] + t * (c[1] + t * (c[2] + t * c[3]));
    const double t_v = -2.0 / 3 * u / eos.volume, t_vv = 10.0 / 9 * u / (eos.volume * eos.volume);
    const double e_vv = second * t_v * t_v, e_vvv = 6 * c[3] * t_v * t_v * t_v + 3 * second * t_v * t_vv;
    eos.bulk_modulus = eos.volume * e_vv;
    eos.derivative = -1 - eos.volume * e_vvv / e_vv;
    eos.residual = residual(eos, points, birch_murnaghan_energy);
    return eos;
}

EquationOfState fit_vinet(std::span<const EnergyVolume> points) {
    Eigen::Vector4d p = to_vector(fit_birch_murnaghan(points));
    const auto n = static_cast<Eigen::Index>(points.size());
    const Eigen::Vector4d scale = {1e-3, p[1], p[2], 1.0};  // natural sizes of changes of the four unknowns
    for (int iteration = 0; iteration < 50; ++iteration) {
        Eigen::MatrixXd jacobian(n, 4);
        Eigen::VectorXd deviation(n);
        for (Eigen::Index k = 0; k < n; ++k) {
            const auto& point = points[static_cast<std::size_t>(k)];
            deviation[k] = point.energy - vinet_energy(from_vector(p), point.volume);
            for (int j = 0; j < 4; ++j) {
                constexpr double h = 1e-4;
                Eigen::Vector4d plus = p, minus = p;
                plus[j] += h * scale[j];
                minus[j] -= h * scale[j];
                jacobian(k, j) = (vinet_energy(from_vector(plus), point.volume) - vinet_energy(from_vector(minus), point.volume)) / (2 * h);
            }
        }
        const Eigen::Vector4d step = jacobian.colPivHouseholderQr().solve(deviation);
        p += scale.cwiseProduct(step);
        if (!p.allFinite() || p[1] <= 0) break;
        if (step.norm() < 1e-7) {  // relative; energies of 1e-16 relative round-off allow no more in the derivative
            EquationOfState eos = from_vector(p);
            eos.residual = residual(eos, points, vinet_energy);
            return eos;
        }
    }
    throw ConvergenceError("the Vinet fit of the energies does not converge", {}, "are the energies smooth over this range of volumes?");
}

}  // namespace alkali::properties
