#include <algorithm>
#include <cmath>

#include "alkali/dynamics/minimiser.hpp"

namespace alkali::dynamics {
namespace {

/// Bitzek, Koskinen, Gaehler, Moseler, Gumbsch, Phys. Rev. Lett. 97, 170201 (2006), with its constants; unit mass.
class Fire final : public Minimiser {
public:
    Point advance(Landscape& landscape, const Point& from) override {
        if (velocity_.size() == 0) velocity_ = Eigen::VectorXd::Zero(from.x.size());
        const Eigen::VectorXd force = -from.gradient;
        if (force.dot(velocity_) > 0) {
            speed_up(force);
        } else if (velocity_.squaredNorm() > 0) {
            stop();
        }
        velocity_ += time_step_ * force;
        Eigen::VectorXd step = time_step_ * velocity_;
        landscape.limit_step(step);
        return landscape.evaluate(from.x + step);
    }

private:
    void speed_up(const Eigen::VectorXd& force) {
        velocity_ = (1 - mixing_) * velocity_ + mixing_ * velocity_.norm() / force.norm() * force;
        if (++downhill_ <= patience) return;
        time_step_ = std::min(time_step_ * 1.1, longest_time_step);
        mixing_ *= 0.99;
    }
    void stop() {
        velocity_.setZero();
        time_step_ *= 0.5;
        mixing_ = first_mixing;
        downhill_ = 0;
    }

    static constexpr double first_mixing = 0.1, longest_time_step = 1.0;  // eV, angstrom and unit mass set the time unit
    static constexpr int patience = 5;
    Eigen::VectorXd velocity_;
    double time_step_ = 0.1, mixing_ = first_mixing;
    int downhill_ = 0;
};

}  // namespace

std::unique_ptr<Minimiser> make_fire() { return std::make_unique<Fire>(); }

std::unique_ptr<Minimiser> make_minimiser(Method method) {
    switch (method) {
        case Method::fire: return make_fire();
        case Method::lbfgs: return make_lbfgs();
    }
    return make_lbfgs();
}

}  // namespace alkali::dynamics
