#include "alkali/properties/elastic/methods.hpp"

#include <Eigen/Dense>
#include <cmath>

#include "alkali/dynamics/relax.hpp"

namespace alkali::properties {
namespace {

using VoigtStrain = Eigen::Matrix<double, 6, 1>;

calculator::Result relaxed_ions(Study& study, const structure::Structure& cell, double fmax) {
    dynamics::RelaxOptions options;
    options.fmax = fmax;
    return dynamics::relax_or_throw(study.calculator(), cell, options, study.calculator().name() + ", ions of a strained cell").result;
}

std::vector<int> columns_needed(const Study& study, bool dear) {
    if (!dear) return {0, 1, 2, 3, 4, 5};
    return study.crystal().system() == LatticeSystem::cubic ? std::vector<int>{0, 3} : std::vector<int>{0, 2, 3};
}

/// Fills the columns that were left out.
void fill_columns(ElasticTensor& c, LatticeSystem system) {
    if (system == LatticeSystem::cubic) {
        const double c12 = (c(1, 0) + c(2, 0)) / 2;
        c.col(1) << c12, c(0, 0), c12, 0, 0, 0;
        c.col(2) << c12, c12, c(0, 0), 0, 0, 0;
        c(5, 5) = c(4, 4) = c(3, 3);
        return;
    }
    c.col(1) << c(1, 0), c(0, 0), c(2, 0), 0, 0, 0;
    c(4, 4) = c(3, 3);
    c(5, 5) = (c(0, 0) - c(1, 0)) / 2;
}

EnergyStrain follow(Study& study, VoigtStrain (*path)(double), double range, int points, double fmax) {
    const auto& cell = study.ground_state().at_minimum;
    const double count = static_cast<double>(cell.size()), volume = cell.cell.volume() / count;
    EnergyStrain out;
    Eigen::MatrixXd design(points, 3);
    Eigen::VectorXd energy(points);
    for (int k = 0; k < points; ++k) {
        const double x = range * k / (points - 1), x2 = x * x;
        out.strain.push_back(x);
        out.energy.push_back(relaxed_ions(study, structure::strained(cell, strain_of(path(x))), fmax).energy / count);
        design.row(k) << 1, x2 * volume, x2 * x2 * volume;
        energy[k] = out.energy.back();
    }
    const Eigen::Vector3d fit = design.colPivHouseholderQr().solve(energy);
    out.curvature = fit[1];
    out.residual = (design * fit - energy).norm() / std::sqrt(points);
    return out;
}

VoigtStrain orthorhombic(double x) { return (VoigtStrain() << x, -x, x * x / (1 - x * x), 0, 0, 0).finished(); }
VoigtStrain monoclinic(double x) { return (VoigtStrain() << x * x / (4 - x * x), 0, 0, x, 0, 0).finished(); }

}  // namespace

ElasticTensor tensor_by_stress(Study& study, double step, double fmax) {
    const auto& cell = study.ground_state().stress_free;
    study.calculator().fix_sampling(cell);
    const bool dear = study.calculator().noisy();
    const auto columns = columns_needed(study, dear);
    ElasticTensor c = ElasticTensor::Zero();
    double done = 0;
    for (const int j : columns) {
        const auto stress = [&](double e) {
            const Mat3 strain = strain_of(e * VoigtStrain::Unit(j));
            const Voigt v = to_voigt(relaxed_ions(study, structure::strained(cell, strain), fmax).stress);
            return VoigtStrain(v.data());
        };
        c.col(j) = (stress(step) - stress(-step)) / (2 * step);
        study.progress("elastic constants", ++done, static_cast<double>(columns.size()));
    }
    if (dear) fill_columns(c, study.crystal().system());
    return (c + c.transpose()) / 2;
}

EnergyStrainCurves curves_by_energy(Study& study, double range, int points, double fmax) {
    study.calculator().fix_sampling(study.ground_state().at_minimum);
    return {follow(study, orthorhombic, range, points, fmax), follow(study, monoclinic, range, points, fmax)};
}

}  // namespace alkali::properties
