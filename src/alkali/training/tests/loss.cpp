#include "alkali/training/loss.hpp"

#include <gtest/gtest.h>

#include <array>

#include <cmath>
#include <numeric>

#include "alkali/training/tests/samples.hpp"

namespace alkali::training::loss_tests {
namespace {

using testing::labelled_frames;

/// Everything for the loss of one batch by a toy model.
struct Setting {
    explicit Setting(std::vector<structure::Frame> all) : set(std::move(all), {"Li", "Na"}, 4.0), indices(set.size()) {
        base::NullSink log;
        model = testing::toy_kind().create(testing::toy_hyperparameters(), {}, 5, log);
        std::iota(indices.begin(), indices.end(), std::size_t{0});
        for (const auto& frame : set.frames()) counts.add(frame);
    }

    LossTerms loss(const LossSettings& settings, std::vector<double>* gradient = nullptr) {
        const Batch batch(set, indices);
        std::vector<double> energies(batch.atoms());
        std::vector<Vec3> edge_gradient(batch.edges());
        const auto pass = model->make_training_pass();
        pass->evaluate(batch.graph(), {energies, edge_gradient});
        LossSeeds seeds;
        errors = {};
        const auto terms = evaluate_loss(settings, batch, counts, energies, edge_gradient, gradient != nullptr ? &seeds : nullptr, errors);
        if (gradient != nullptr) {
            gradient->assign(model->parameters().size(), 0.0);
            pass->accumulate_gradient({seeds.energies, seeds.edges}, *gradient);
        }
        return terms;
    }

    GraphSet set;
    std::vector<std::size_t> indices;
    LabelCounts counts;
    std::unique_ptr<models::TrainableModel> model;
    ErrorSums errors;
};

LossSettings weights(double energy, double forces, double stress, double shear) {
    LossSettings s;
    s.total_energy = energy;
    s.forces = forces;
    s.stress = stress;
    s.shear = shear;
    return s;
}

void expect_gradient_of_differences(Setting& setting, const LossSettings& settings) {
    std::vector<double> gradient;
    setting.loss(settings, &gradient);
    const std::vector<double> start(setting.model->parameters().begin(), setting.model->parameters().end());
    const double h = 1e-5;
    for (std::size_t p = 0; p < start.size(); ++p) {
        auto plus = start, minus = start;
        plus[p] += h;
        minus[p] -= h;
        setting.model->set_parameters(plus);
        const double above = setting.loss(settings).total();
        setting.model->set_parameters(minus);
        const double below = setting.loss(settings).total();
        EXPECT_NEAR(gradient[p], (above - below) / (2 * h), 1e-7 * std::max(1.0, std::abs(gradient[p]))) << "parameter " << p;
    }
    setting.model->set_parameters(start);
}

TEST(Loss, gradient_of_every_term_agrees_with_differences) {
    Setting setting(labelled_frames(3, 10));
    for (const auto& settings :
         {weights(1, 0, 0, 0), weights(0, 1, 0, 0), weights(0, 0, 100, 0), weights(0, 0, 0, 100), weights(3, 1, 50, 20)})
        expect_gradient_of_differences(setting, settings);
}

TEST(Loss, gradient_with_huber_weights_and_masks_agrees_with_differences) {
    auto frames = labelled_frames(4, 20);
    frames[0].weight = 3;
    frames[0].weights = {2, 0.5, 4};
    frames[1].labels.energy.reset();
    frames[2].labels.forces.reset();
    frames[3].labels.stress.reset();
    Setting setting(std::move(frames));
    auto settings = weights(2, 1, 50, 20);
    settings.form = LossSettings::Form::huber;
    settings.huber_delta = 0.02;
    expect_gradient_of_differences(setting, settings);
}

TEST(Loss, mean_of_squares_as_written_by_hand) {
    // One frame of two lithium atoms far apart in a cubic cell of 20 angstrom: the toy model gives its shift for each.
    structure::Frame frame;
    frame.structure = {structure::Cell::cubic(20), {3, 3}, {Vec3(0, 0, 0), Vec3(10, 10, 10)}};
    frame.labels.energy = -1.0;
    frame.labels.forces = {Vec3(0.1, 0, 0), Vec3(-0.1, 0.2, 0)};
    Mat3 stress = Mat3::Zero();
    stress(0, 0) = 0.3;
    stress(0, 1) = stress(1, 0) = 0.05;
    frame.labels.stress = stress;
    frame.weight = 2;
    Setting setting({frame});
    auto parameters = std::vector<double>(setting.model->parameters().size(), 0.0);
    parameters[setting.model->layout()[2].offset] = -0.25;  // predicted: -0.5 eV
    setting.model->set_parameters(parameters);
    const auto terms = setting.loss(weights(10, 3, 100, 7));
    EXPECT_NEAR(terms.energy, 2 * 10 * std::pow((-0.5 + 1.0) / 2, 2), 1e-14);
    EXPECT_NEAR(terms.forces, 2 * 3 * (0.01 + 0.01 + 0.04) / 6, 1e-14);
    EXPECT_NEAR(terms.stress, 2 * 100 * (0.09 + 2 * 0.0025) / 9, 1e-14);
    EXPECT_NEAR(terms.shear, 2 * 7 * (2 * 0.0025) / 6, 1e-14);
    EXPECT_NEAR(setting.errors.energy.rmse(), 0.25, 1e-14);
    EXPECT_NEAR(setting.errors.forces.mae(), 0.4 / 6, 1e-14);
    EXPECT_NEAR(setting.errors.stress.rmse(), std::sqrt((0.09 + 0.005) / 9), 1e-14);
}

TEST(Loss, of_each_label_is_multiplied_by_the_labels_own_weight) {
    auto frames = labelled_frames(1, 30);
    Setting plain(frames);
    frames[0].weights = {5, 0.5, 3};
    Setting weighted(frames);
    const auto one = plain.loss(weights(10, 3, 100, 7)), other = weighted.loss(weights(10, 3, 100, 7));
    EXPECT_NEAR(other.energy, 5 * one.energy, 1e-12 * other.energy);
    EXPECT_NEAR(other.forces, 0.5 * one.forces, 1e-12 * other.forces);
    EXPECT_NEAR(other.stress, 3 * one.stress, 1e-12 * other.stress);
    EXPECT_NEAR(other.shear, 3 * one.shear, 1e-12 * other.shear);
}

TEST(Loss, huber_is_the_square_inside_and_linear_outside) {
    structure::Frame frame;
    frame.structure = {structure::Cell::cubic(20), {3}, {Vec3(0, 0, 0)}};
    frame.labels.forces = {Vec3(0.005, 0.5, 0)};
    Setting setting({frame});
    auto settings = weights(0, 3, 0, 0);
    settings.form = LossSettings::Form::huber;
    settings.huber_delta = 0.01;
    EXPECT_NEAR(setting.loss(settings).forces, 0.005 * 0.005 + 0.01 * (2 * 0.5 - 0.01), 1e-15);
}

TEST(Loss, missing_labels_leave_the_means_of_the_others_alone) {
    auto frames = labelled_frames(2, 30);
    Setting both(frames);
    frames[1].labels = {};
    Setting one(frames);
    Setting alone({frames[0]});
    const auto settings = weights(1, 1, 1, 1);
    EXPECT_DOUBLE_EQ(one.loss(settings).total(), alone.loss(settings).total());
    EXPECT_NE(one.loss(settings).total(), both.loss(settings).total());
}

TEST(Loss, a_batch_is_the_mean_of_its_frames) {
    const auto frames = labelled_frames(3, 40);
    Setting all(frames);
    const auto settings = weights(1, 0, 1, 1);
    double sum = 0;
    for (const auto& frame : frames) sum += Setting({frame}).loss(settings).total();
    EXPECT_NEAR(all.loss(settings).total(), sum / 3, 1e-13);
}

TEST(Loss, stress_of_open_structures_is_no_label) {
    structure::Frame frame;
    frame.structure.add(3, Vec3(0, 0, 0));
    frame.labels.stress = Mat3::Identity();
    EXPECT_FALSE(has_stress(frame));
    LabelCounts counts;
    counts.add(frame);
    EXPECT_EQ(counts.stresses, 0);
}

TEST(Errors, shifted_rmse_removes_the_mean) {
    ResidualSums sums;
    for (const double residual : {1.0, 2.0, 3.0}) sums.add(residual);
    EXPECT_NEAR(sums.rmse(), std::sqrt(14.0 / 3), 1e-14);
    EXPECT_NEAR(sums.rmse_shifted(), std::sqrt(2.0 / 3), 1e-14);
    EXPECT_NEAR(sums.mae(), 2, 1e-14);
}

TEST(Errors, shifted_rmse_keeps_its_digits_beside_a_large_mean) {
    // All-electron labels of heavy atoms: 4.4e5 eV/atom away from the model's zero, errors of 1 meV/atom.
    ErrorSums frames, sets;
    for (int k = 0; k < 1000; ++k) {
        ErrorSums one;
        one.energy.add(4.4e5 + (k % 2 == 0 ? 1e-3 : -1e-3));
        frames.energy.add(4.4e5 + (k % 2 == 0 ? 1e-3 : -1e-3));
        sets.add(one);
    }
    EXPECT_NEAR(frames.energy.rmse_shifted(), 1e-3, 1e-8);
    EXPECT_NEAR(sets.energy.rmse_shifted(), 1e-3, 1e-8);
    EXPECT_NEAR(sets.energy.mean(), 4.4e5, 1e-6);
    std::array<double, ErrorSums::size> stored{};
    ErrorSums loaded;
    frames.store(stored);
    loaded.load(stored);
    EXPECT_EQ(loaded.energy.mean(), frames.energy.mean());
    EXPECT_LT(loaded.energy.rmse_shifted(), 1);
}

}  // namespace
}  // namespace alkali::training::loss_tests
