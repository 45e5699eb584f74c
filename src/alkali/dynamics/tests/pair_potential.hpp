#pragma once
#include <cmath>

#include "alkali/calculator/calculator.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::testing_aid {

/// Lennard-Jones pairs, u(r) = 4 eps ((s/r)^12 - (s/r)^6) times a C2 switch that ends at the cutoff. Everything about it
/// follows from u(r), so tests can state expected values as formulas.
class LennardJones final : public calculator::Calculator {
public:
    LennardJones(double epsilon, double sigma, double cutoff) : epsilon_(epsilon), sigma_(sigma), cutoff_(cutoff) {}

    /// u and du/dr.
    [[nodiscard]] std::pair<double, double> pair(double r) const {
        if (r >= cutoff_) return {0, 0};
        const double s6 = std::pow(sigma_ / r, 6), u = 4 * epsilon_ * (s6 * s6 - s6), du = 4 * epsilon_ * (6 * s6 - 12 * s6 * s6) / r;
        const double on = 0.8 * cutoff_;
        if (r <= on) return {u, du};
        const double t = (r - on) / (cutoff_ - on), w = 1 - t * t * t * (10 - 15 * t + 6 * t * t),
                     dw = -30 * t * t * (1 - t) * (1 - t) / (cutoff_ - on);
        return {u * w, du * w + u * dw};
    }

    using Calculator::compute;
    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request&) override {
        ++calls;
        const auto list = structure::neighbour_list(structure, cutoff_);
        calculator::Result result;
        result.forces.assign(structure.size(), Vec3::Zero());
        Mat3 slope = Mat3::Zero();
        for (std::size_t i = 0; i < structure.size(); ++i)
            for (auto e = list.first[i]; e < list.first[i + 1]; ++e) {
                const Vec3& d = list.vector[static_cast<std::size_t>(e)];
                const double r = d.norm();
                const auto [u, du] = pair(r);
                result.energy += 0.5 * u;
                result.forces[i] += du / r * d;
                slope += 0.5 * du / r * d * d.transpose();
            }
        if (structure.cell.volume() > 0) result.stress = slope / structure.cell.volume();
        return result;
    }
    [[nodiscard]] std::string name() const override { return "lennard_jones"; }
    [[nodiscard]] std::vector<int> species() const override { return {18}; }
    [[nodiscard]] double cutoff() const override { return cutoff_; }
    void fix_sampling(const structure::Structure&) override { ++samplings; }

    int calls = 0, samplings = 0;

private:
    double epsilon_, sigma_, cutoff_;
};

}  // namespace alkali::testing_aid
