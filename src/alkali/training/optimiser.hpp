#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace alkali::training {

/// Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019) and AMSGrad (Reddi et al. 2018), as torch.optim defines them.
struct AdamSettings {
    enum class Decay { coupled, decoupled };  ///< Adam's (added to the gradient) or AdamW's (taken off the weights)
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    double weight_decay = 0;
    Decay decay = Decay::decoupled;
    bool amsgrad = false;
};

/// What an optimiser carries from step to step; a checkpoint stores all of it. AMSGrad's maximum is empty without it.
struct AdamState {
    std::int64_t step = 0;
    std::vector<double> first, second, largest;
};

class Adam {
public:
    /// decays: whether weight decay applies, by parameter. trainable: parameters that are false are never changed.
    Adam(const AdamSettings& settings, const std::vector<bool>& trainable, const std::vector<bool>& decays);
    void step(double learning_rate, std::span<const double> gradient, std::span<double> parameters);
    [[nodiscard]] const AdamState& state() const { return state_; }
    void restore(AdamState state) { state_ = std::move(state); }

private:
    /// Consecutive parameters that are treated alike.
    struct Run {
        std::size_t begin = 0, end = 0;
        bool decays = false;
    };
    AdamSettings settings_;
    std::vector<Run> runs_;  ///< of trainable parameters
    AdamState state_;
};

/// Scales the gradient so that its norm is at most `most` (no limit if 0); gives the norm it had, to the bit for any number of
/// threads.
double clip_norm(std::span<double> gradient, double most);

/// Exponential moving average of the weights; the first update copies. Its decay rises to the one asked for, so that a short
/// run's average does not hold its first weights: update n keeps min(decay, (1 + n)/(10 + n)) of the average. Below the
/// decay asked for, weights of step k of n count as (k/n)^9: the average is that of the last tenth of the run.
/// docs/decisions/0017-average-of-weights.md.
class Ema {
public:
    /// decay 0: no average is kept.
    explicit Ema(double decay) : decay_(decay) {}
    void update(std::span<const double> parameters);
    [[nodiscard]] bool averages() const { return decay_ > 0; }
    /// Empty before the first update, and with decay 0.
    [[nodiscard]] const std::vector<double>& average() const { return average_; }
    /// updates: how many made this average.
    void restore(std::vector<double> average, std::int64_t updates);

private:
    double decay_;
    std::int64_t updates_ = 0;
    std::vector<double> average_;
};

}  // namespace alkali::training
