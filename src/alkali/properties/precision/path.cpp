#include <Eigen/QR>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/properties/precision/precision.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::properties::precision {
namespace {

using structure::Structure;

/// Structures at s = -1 .. 1: every atom at its own constant velocity in fractional space, the cell under a growing strain.
class Path {
public:
    Path(const Trial& trial, const PathOptions& options) {
        base::Random random(trial.seed);
        start_ = structure::rattled(block_of(trial.crystal, options.atoms), options.rattle, random);
        for (std::size_t i = 0; i < start_.size(); ++i)
            displacement_.emplace_back(options.reach * random.normal(), options.reach * random.normal(), options.reach * random.normal());
        const double relative = options.reach / trial.crystal.cell.vector(0).norm();
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j <= i; ++j) strain_(i, j) = strain_(j, i) = relative * random.normal();
    }
    [[nodiscard]] Structure at(double s) const {
        Structure moved = start_;
        for (std::size_t i = 0; i < moved.size(); ++i) moved.positions[i] += s * displacement_[i];
        return structure::strained(moved, s * strain_);
    }
    [[nodiscard]] std::size_t atoms() const { return start_.size(); }

private:
    Structure start_;
    std::vector<Vec3> displacement_;
    Mat3 strain_ = Mat3::Zero();
};

/// Rms of values at points s about their least-squares polynomial, in Chebyshev polynomials for the sake of conditioning.
double roughness(const std::vector<double>& s, const std::vector<double>& values, int degree) {
    const auto rows = static_cast<Eigen::Index>(s.size());
    Eigen::MatrixXd basis(rows, degree + 1);
    Eigen::VectorXd y(rows);
    for (Eigen::Index k = 0; k < rows; ++k) {
        const auto at = static_cast<std::size_t>(k);
        // The values' common part would cost digits in the fit.
        y[k] = values[at] - values[0];
        for (int d = 0; d <= degree; ++d) basis(k, d) = std::cos(d * std::acos(s[at]));
    }
    const Eigen::VectorXd residual = y - basis * basis.householderQr().solve(y);
    return residual.norm() / std::sqrt(static_cast<double>(rows - degree - 1));
}

}  // namespace

std::vector<PathResult> energy_along_path(const Trial& trial, const PathOptions& options) {
    if (options.points < 2 * (options.degree + 1))
        throw InputError("a path of " + std::to_string(options.points) + " points cannot tell noise from a polynomial of degree " +
                             std::to_string(options.degree),
                         {}, "take more points");
    const Path path(trial, options);
    const auto count = trial.variants.size(), last = count - 1;
    const auto atoms = static_cast<double>(path.atoms());
    std::vector<double> where;
    std::vector<std::vector<double>> energies(count);
    std::vector<PathResult> results(count);
    for (int k = 0; k < options.points; ++k) {
        trial.progress.update({"path", static_cast<double>(k), static_cast<double>(options.points), {}});
        where.push_back(2.0 * k / (options.points - 1) - 1);
        const Structure structure = path.at(where.back());
        const auto reference = trial.reference().calculator->compute(structure);
        for (std::size_t v = 0; v < count; ++v) {
            const auto result = v == last ? reference : trial.variants[v].calculator->compute(structure);
            energies[v].push_back(result.energy / atoms);
            auto& worst = results[v];
            worst.energy_difference = std::max(worst.energy_difference, std::abs(result.energy - reference.energy) / atoms);
            for (std::size_t i = 0; i < structure.size(); ++i)
                worst.force_difference = std::max(worst.force_difference, (result.forces[i] - reference.forces[i]).cwiseAbs().maxCoeff());
        }
    }
    trial.progress.update({"path", 1, 1, {}});
    for (std::size_t v = 0; v < count; ++v) {
        results[v].atoms = path.atoms();
        results[v].noise = roughness(where, energies[v], options.degree);
    }
    return results;
}

}  // namespace alkali::properties::precision
