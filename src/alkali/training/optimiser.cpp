#include "alkali/training/optimiser.hpp"

#include <algorithm>
#include <cmath>

namespace alkali::training {

Adam::Adam(const AdamSettings& settings, std::vector<bool> trainable, std::vector<bool> decays)
    : settings_(settings), trainable_(std::move(trainable)), decays_(std::move(decays)) {
    state_.first.assign(trainable_.size(), 0.0);
    state_.second.assign(trainable_.size(), 0.0);
    if (settings_.amsgrad) state_.largest.assign(trainable_.size(), 0.0);
}

void Adam::step(double learning_rate, std::span<const double> gradient, std::span<double> parameters) {
    const AdamSettings& s = settings_;
    ++state_.step;
    const auto t = static_cast<double>(state_.step);
    const double correction1 = 1 - std::pow(s.beta1, t), correction2 = std::sqrt(1 - std::pow(s.beta2, t));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (!trainable_[i]) continue;
        double g = gradient[i];
        if (s.weight_decay != 0 && decays_[i]) {
            if (s.decay == AdamSettings::Decay::decoupled)
                parameters[i] -= learning_rate * s.weight_decay * parameters[i];
            else
                g += s.weight_decay * parameters[i];
        }
        double& m = state_.first[i];
        double& v = state_.second[i];
        m = s.beta1 * m + (1 - s.beta1) * g;
        v = s.beta2 * v + (1 - s.beta2) * g * g;
        double spread = v;
        if (s.amsgrad) spread = state_.largest[i] = std::max(state_.largest[i], v);
        parameters[i] -= learning_rate / correction1 * m / (std::sqrt(spread) / correction2 + s.epsilon);
    }
}

double clip_norm(std::span<double> gradient, double most) {
    double square = 0;
    for (const double g : gradient) square += g * g;
    const double norm = std::sqrt(square);
    if (most > 0 && norm > most)
        for (double& g : gradient) g *= most / norm;
    return norm;
}

void Ema::update(std::span<const double> parameters) {
    if (average_.empty()) {
        average_.assign(parameters.begin(), parameters.end());
        return;
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) average_[i] = decay_ * average_[i] + (1 - decay_) * parameters[i];
}

}  // namespace alkali::training
