#include "alkali/training/optimiser.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"

namespace alkali::training::optimiser_tests {
namespace {

/// Values that torch gave (data/torch_optimisers.py).
nlohmann::json torch() {
    return nlohmann::json::parse(base::read_file(ALKALI_SOURCE_DIR "/src/alkali/training/tests/data/torch_optimisers.json"));
}

AdamSettings settings_of(const std::string& name) {
    AdamSettings s;
    if (name == "adam_decay") s.weight_decay = 0.1, s.decay = AdamSettings::Decay::coupled;
    if (name == "adamw_decay") s.weight_decay = 0.1;
    if (name == "amsgrad") s.amsgrad = true;
    if (name == "betas") s = {0.8, 0.95, 1e-4, 0.02, AdamSettings::Decay::decoupled, true};
    return s;
}

TEST(Adam, follows_torch_step_by_step) {
    const auto reference = torch();
    for (const auto& [name, steps] : reference["cases"].items()) {
        Adam adam(settings_of(name), {true, true, true}, {true, true, true});
        auto parameters = reference["start"].get<std::vector<double>>();
        for (std::size_t k = 0; k < steps.size(); ++k) {
            adam.step(reference["lr"], reference["gradients"][k].get<std::vector<double>>(), parameters);
            for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(parameters[i], steps[k][i].get<double>(), 1e-14) << name << ", step " << k + 1;
        }
    }
}

TEST(Adam, frozen_parameters_stay_and_decay_spares_those_that_do_not_decay) {
    AdamSettings settings;
    settings.weight_decay = 0.5;
    Adam adam(settings, {false, true, true}, {true, true, false});
    std::vector<double> parameters = {1, 1, 1};
    adam.step(0.1, std::vector<double>{1, 0, 0}, parameters);
    EXPECT_EQ(parameters[0], 1.0);
    EXPECT_NEAR(parameters[1], 1 - 0.1 * 0.5, 1e-15);
    EXPECT_EQ(parameters[2], 1.0);
}

TEST(Adam, restored_state_goes_on_with_the_same_bits) {
    AdamSettings settings;
    settings.amsgrad = true;
    Adam whole(settings, {true, true}, {true, true}), second(settings, {true, true}, {true, true});
    std::vector<double> a = {0.1, 0.2};
    const std::vector<double> gradient = {0.3, -0.7};
    whole.step(0.01, gradient, a);
    second.restore(whole.state());
    auto b = a;
    whole.step(0.01, gradient, a);
    second.step(0.01, gradient, b);
    EXPECT_EQ(a, b);
}

TEST(ClipNorm, follows_torch_and_leaves_small_gradients) {
    const auto reference = torch();
    auto gradient = reference["gradients"][1].get<std::vector<double>>();
    EXPECT_NEAR(clip_norm(gradient, 1.5), reference["clip_1.5"]["norm"].get<double>(), 1e-14);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_NEAR(gradient[i], reference["clip_1.5"]["gradient"][i].get<double>(), 1e-6);  // torch divides by norm + 1e-6
    auto small = reference["gradients"][0].get<std::vector<double>>();
    const auto before = small;
    clip_norm(small, 1.5);
    EXPECT_EQ(small, before);
    clip_norm(gradient, 0);
    EXPECT_NEAR(std::abs(gradient[2]), 1.4949, 1e-3);
}

TEST(Ema, follows_torch_averaged_model) {
    const auto reference = torch();
    Ema ema(0.9);
    ema.restore({}, 100);  // its warm-up is over: 102/111 > 0.9
    for (std::size_t k = 0; k < reference["gradients"].size(); ++k) {
        ema.update(reference["gradients"][k].get<std::vector<double>>());
        for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(ema.average()[i], reference["ema_0.9"][k][i].get<double>(), 1e-14);
    }
}

/// What is left in the average after n updates of weights that were 1 for the first `ones` and 0 since.
double left(double decay, int n, int ones) {
    Ema ema(decay);
    for (int k = 1; k <= n; ++k) ema.update(std::vector<double>{k <= ones ? 1.0 : 0.0});
    return ema.average()[0];
}

TEST(Ema, average_of_a_short_run_does_not_hold_its_first_weights) {
    EXPECT_LT(left(0.999, 1700, 1), 1e-20);  // 0.18 without the warm-up
    EXPECT_LT(left(0.999, 100, 10), 1e-6);
    EXPECT_LT(left(0.999, 1700, 850), 0.004);
    EXPECT_LT(left(0.99, 300, 150), 0.004);
}

TEST(Ema, during_the_warm_up_weights_count_as_the_ninth_power_of_their_step) {
    // Product of (1 + j)/(10 + j) over j = k + 1 ... n.
    const auto product = [](int k, int n) {
        double value = 1;
        for (int m = 2; m <= 10; ++m) value *= static_cast<double>(k + m) / (n + m);
        return value;
    };
    EXPECT_NEAR(left(0.9999, 500, 400), product(400, 500), 1e-12);
    EXPECT_NEAR(left(0.9999, 500, 400), std::pow(0.8, 9), 0.01);
}

TEST(Ema, a_long_run_has_the_decay_asked_for) { EXPECT_NEAR(left(0.99, 5000, 4900), std::pow(0.99, 100), 1e-12); }

TEST(Ema, restored_one_goes_on_as_it_would_have) {
    Ema whole(0.999), first(0.999), second(0.999);
    for (int k = 0; k < 40; ++k) {
        const std::vector<double> weights = {std::sin(k), 1.0 / (1 + k)};
        whole.update(weights);
        Ema& part = k < 25 ? first : second;
        if (k == 25) second.restore(first.average(), 25);
        part.update(weights);
    }
    EXPECT_EQ(second.average(), whole.average());
}

TEST(Ema, without_decay_keeps_no_average) {
    Ema ema(0);
    ema.update(std::vector<double>{1, 2});
    ema.update(std::vector<double>{3, 4});
    EXPECT_FALSE(ema.averages());
    EXPECT_TRUE(ema.average().empty());
}

}  // namespace
}  // namespace alkali::training::optimiser_tests
