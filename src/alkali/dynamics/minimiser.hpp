#pragma once
#include <Eigen/Core>
#include <functional>
#include <memory>

namespace alkali::dynamics {

/// Energy (eV) and gradient at a point, and whether that point is good enough.
struct Point {
    Eigen::VectorXd x;
    double energy = 0;
    Eigen::VectorXd gradient;
    bool converged = false;
};

/// A minimiser's view of what it minimises.
class Landscape {
public:
    virtual ~Landscape() = default;
    [[nodiscard]] virtual Point evaluate(const Eigen::VectorXd& x) = 0;
    /// Shortens a step that is too long to be trusted.
    virtual void limit_step(Eigen::VectorXd& step) const = 0;
    /// True when no more evaluations are allowed.
    [[nodiscard]] virtual bool exhausted() const = 0;
};

/// Steps from point to point; keeps its history.
class Minimiser {
public:
    virtual ~Minimiser() = default;
    /// The next point. It has a lower energy or lies within the noise of the last one, except for FIRE.
    [[nodiscard]] virtual Point advance(Landscape& landscape, const Point& from) = 0;
};

enum class Method {
    fire,   ///< fast inertial relaxation engine: robust, slow
    lbfgs,  ///< limited-memory BFGS with a line search that backtracks
};
[[nodiscard]] std::unique_ptr<Minimiser> make_minimiser(Method method);
[[nodiscard]] std::unique_ptr<Minimiser> make_fire();
[[nodiscard]] std::unique_ptr<Minimiser> make_lbfgs();

}  // namespace alkali::dynamics
