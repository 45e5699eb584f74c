#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "alkali/dynamics/minimiser.hpp"

namespace alkali::dynamics {
namespace {

/// Nocedal, Math. Comp. 35, 773 (1980), two-loop recursion; steps are accepted by the Armijo rule or, where the energy
/// change drowns in its noise, by the approximate Wolfe rule of Hager and Zhang, SIAM J. Optim. 16, 170 (2005), together
/// with a gradient that does not grow. The noise is taken as that of energies summed in single precision.
class LimitedMemoryBfgs final : public Minimiser {
public:
    Point advance(Landscape& landscape, const Point& from) override {
        Eigen::VectorXd step = -inverse_hessian_times(from.gradient);
        if (step.dot(from.gradient) >= 0) {  // noise or a saddle has spoilt the history
            history_.clear();
            step = -inverse_hessian_times(from.gradient);
        }
        landscape.limit_step(step);
        Point to = line_search(landscape, from, step);
        remember(to.x - from.x, to.gradient - from.gradient);
        return to;
    }

private:
    struct Pair {
        Eigen::VectorXd s, y;
        double rho;
    };

    [[nodiscard]] Eigen::VectorXd inverse_hessian_times(Eigen::VectorXd q) const {
        std::vector<double> alpha(history_.size());
        for (std::size_t k = history_.size(); k-- > 0;) {
            alpha[k] = history_[k].rho * history_[k].s.dot(q);
            q -= alpha[k] * history_[k].y;
        }
        q *= history_.empty() ? 1.0 / first_curvature : 1.0 / (history_.back().rho * history_.back().y.squaredNorm());
        for (std::size_t k = 0; k < history_.size(); ++k) q += (alpha[k] - history_[k].rho * history_[k].y.dot(q)) * history_[k].s;
        return q;
    }

    [[nodiscard]] static bool acceptable(const Point& from, const Point& to, double slope, double length) {
        if (!std::isfinite(to.energy)) return false;
        if (to.converged) return true;
        const double change = to.energy - from.energy;
        if (change <= armijo * length * slope) return true;
        const double noise = 1e-6 * (1.0 + std::abs(from.energy));
        const double new_slope = to.gradient.dot(to.x - from.x) / length;
        return change <= noise && new_slope <= (2 * armijo - 1) * slope && to.gradient.squaredNorm() <= from.gradient.squaredNorm();
    }

    [[nodiscard]] Point line_search(Landscape& landscape, const Point& from, const Eigen::VectorXd& step) {
        const double slope = step.dot(from.gradient);
        double length = 1;
        Point best;
        for (int trial = 0; trial < longest_search; ++trial) {
            Point to = landscape.evaluate(from.x + length * step);
            if (acceptable(from, to, slope, length)) return to;
            const bool better = trial == 0 || !std::isfinite(best.energy) || to.energy < best.energy;
            // Minimum of the parabola through both energies and the first slope, kept within a tenth and a half.
            const double curvature = 2 * (to.energy - from.energy - length * slope) / (length * length);
            const double vertex = std::isfinite(curvature) && curvature > 0 ? -slope / curvature : 0.5 * length;
            if (better) best = std::move(to);
            if (landscape.exhausted()) break;
            length = std::clamp(vertex, 0.1 * length, 0.5 * length);
        }
        history_.clear();
        return best;
    }

    void remember(Eigen::VectorXd s, Eigen::VectorXd y) {
        const double sy = s.dot(y);
        // Only a positive curvature keeps the approximation positive definite.
        if (!(sy > 1e-12 * s.norm() * y.norm())) return;
        history_.push_back({std::move(s), std::move(y), 1.0 / sy});
        if (history_.size() > memory) history_.pop_front();
    }

    static constexpr double first_curvature = 10.0;  // eV/angstrom^2: a stiff bond, so that the first step is short
    static constexpr double armijo = 1e-4;
    static constexpr std::size_t memory = 30;
    static constexpr int longest_search = 12;
    std::deque<Pair> history_;
};

}  // namespace

std::unique_ptr<Minimiser> make_lbfgs() { return std::make_unique<LimitedMemoryBfgs>(); }

}  // namespace alkali::dynamics
