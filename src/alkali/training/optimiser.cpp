#include "alkali/training/optimiser.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alkali/base/threads.hpp"

namespace alkali::training {

namespace {

/// Parameters are shared out in parts of this length, the same for any number of threads.
constexpr std::size_t part_length = 8192;

// Widest vectors of the processor at hand; the results are the same to the bit, since nothing is fused.
#if defined(__x86_64__) && defined(__linux__)
#define ALKALI_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ALKALI_WIDEST
#endif

/// First and second moments of n gradients.
ALKALI_WIDEST void update_moments(std::size_t n, double beta1, double beta2, double shrink, double pull, const double* g, double* x,
                                  double* m, double* v) {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
        x[i] -= shrink * x[i];
        const double slope = g[i] + pull * x[i];
        m[i] = beta1 * m[i] + (1 - beta1) * slope;
        v[i] = beta2 * v[i] + (1 - beta2) * slope * slope;
    }
}

ALKALI_WIDEST void descend(std::size_t n, double rate, double correction, double epsilon, const double* m, const double* spread,
                           double* x) {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) x[i] -= rate * m[i] / (std::sqrt(spread[i]) * correction + epsilon);
}

}  // namespace

Adam::Adam(const AdamSettings& settings, const std::vector<bool>& trainable, const std::vector<bool>& decays) : settings_(settings) {
    for (std::size_t i = 0; i < trainable.size(); ++i) {
        if (!trainable[i]) continue;
        const bool decay = settings.weight_decay != 0 && decays[i];
        if (runs_.empty() || runs_.back().end != i || runs_.back().decays != decay) runs_.push_back({i, i, decay});
        ++runs_.back().end;
    }
    state_.first.assign(trainable.size(), 0.0);
    state_.second.assign(trainable.size(), 0.0);
    if (settings_.amsgrad) state_.largest.assign(trainable.size(), 0.0);
}

void Adam::step(double learning_rate, std::span<const double> gradient, std::span<double> parameters) {
    const AdamSettings s = settings_;
    ++state_.step;
    const auto t = static_cast<double>(state_.step);
    const double correction1 = 1 - std::pow(s.beta1, t), correction2 = std::sqrt(1 - std::pow(s.beta2, t));
    const double rate = learning_rate / correction1;
    for (const Run& run : runs_)
        base::parallel_for_parts(run.end - run.begin, part_length, [&](std::size_t part_begin, std::size_t part_end) {
            const std::size_t begin = run.begin + part_begin, end = run.begin + part_end;
            const double shrink = run.decays && s.decay == AdamSettings::Decay::decoupled ? learning_rate * s.weight_decay : 0;
            const double pull = run.decays && s.decay == AdamSettings::Decay::coupled ? s.weight_decay : 0;
            double *x = parameters.data() + begin, *v = state_.second.data() + begin;
            update_moments(end - begin, s.beta1, s.beta2, shrink, pull, gradient.data() + begin, x, state_.first.data() + begin, v);
            const double* spread = v;
            if (s.amsgrad) {
                double* largest = state_.largest.data() + begin;
                for (std::size_t i = 0; i < end - begin; ++i) largest[i] = std::max(largest[i], v[i]);
                spread = largest;
            }
            descend(end - begin, rate, 1 / correction2, s.epsilon, state_.first.data() + begin, spread, x);
        });
}

double clip_norm(std::span<double> gradient, double most) {
    std::vector<double> squares((gradient.size() + part_length - 1) / part_length);
    base::parallel_for_parts(gradient.size(), part_length, [&](std::size_t begin, std::size_t end) {
        // Four sums, so that none waits for another.
        double sums[4] = {};
        std::size_t i = begin;
        for (; i + 4 <= end; i += 4)
            for (std::size_t k = 0; k < 4; ++k) sums[k] += gradient[i + k] * gradient[i + k];
        for (; i < end; ++i) sums[0] += gradient[i] * gradient[i];
        squares[begin / part_length] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    });
    const double norm = std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
    if (most > 0 && norm > most)
        for (double& g : gradient) g *= most / norm;
    return norm;
}

void Ema::update(std::span<const double> parameters) {
    if (!averages()) return;
    ++updates_;
    if (average_.empty()) {
        average_.assign(parameters.begin(), parameters.end());
        return;
    }
    const auto n = static_cast<double>(updates_);
    const double keep = std::min(decay_, (1 + n) / (10 + n)), take = 1 - keep;
    base::parallel_for_parts(parameters.size(), part_length, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) average_[i] = keep * average_[i] + take * parameters[i];
    });
}

void Ema::restore(std::vector<double> average, std::int64_t updates) {
    average_ = std::move(average);
    updates_ = updates;
}

}  // namespace alkali::training
