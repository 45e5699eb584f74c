// What validation decides in a run, and what is warned of at its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/training/tests/session_fixture.hpp"
#include "alkali/training/validation.hpp"

namespace alkali::training::session_validation_tests {
namespace {

using ::testing::HasSubstr;
using testing::kinds;
using testing::Session;
using testing::toy_config;
namespace fs = std::filesystem;

TEST_F(Session, early_stopping_ends_the_run) {
    auto config = toy_config(folder_, "max_epochs: 500, patience: 3, lr_schedule: constant, ema_decay: 0");
    config = testing::replaced(config, "lr: 0.02", "lr: 0.30");  // too large to settle
    const auto outcome = run(config, "out");
    EXPECT_LT(outcome.epochs, 500);
    EXPECT_EQ(outcome.epochs, outcome.best_epoch + 3);
}

TEST_F(Session, without_validation_frames_the_training_loss_decides) {
    auto config = toy_config(folder_, "max_epochs: 3");
    config = testing::replaced(config, "validation: 0.25", "validation: 0");
    const auto outcome = run(config, "out");
    EXPECT_GT(outcome.best_epoch, 0);
    EXPECT_TRUE(fs::exists(folder_ / "out" / "best.safetensors"));
    const auto provenance = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance;
    EXPECT_TRUE(provenance["train"].contains("energy_rmse"));  // errors on frames that were trained on are no validation
    EXPECT_FALSE(provenance.contains("validation"));
}

TEST_F(Session, validation_frames_without_any_label_that_counts_are_refused) {
    auto frames = testing::labelled_frames(2, 7);
    for (auto& frame : frames) frame.labels = {};
    io::write_frames(folder_ / "bare.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 2", ", missing: mask");
    config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "bare.extxyz").string());
    EXPECT_THAT(failure(config, "out"), HasSubstr("data.validation"));
}

TEST_F(Session, validation_frames_that_are_trained_on_are_warned_of_whatever_file_they_come_from) {
    auto config = toy_config(folder_, "max_epochs: 1");
    config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "train.extxyz").string());
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: 12 validation frames are structures that are trained on too"));
}

TEST_F(Session, validation_frames_that_lack_a_label_of_the_loss_are_warned_of) {
    auto frames = testing::labelled_frames(3, 7);
    for (auto& frame : frames) frame.labels.forces.reset();
    io::write_frames(folder_ / "some.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 1", ", missing: mask");
    config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "some.extxyz").string());
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: no validation frame has forces, which the loss uses: the best model will be chosen by "
                                     "energies and stresses alone"));
    log_.text.clear();
    static_cast<void>(run(toy_config(folder_, "max_epochs: 1"), "whole"));
    EXPECT_THAT(log_.text, ::testing::Not(HasSubstr("no validation frame")));
}

TEST_F(Session, outcome_has_the_errors_of_the_best_model_and_not_of_the_last_epoch) {
    auto config = toy_config(folder_, "max_epochs: 500, patience: 3, lr_schedule: constant, ema_decay: 0");
    config = testing::replaced(config, "lr: 0.02", "lr: 0.30");
    const auto outcome = run(config, "out");
    ASSERT_LT(outcome.best_epoch, outcome.epochs);
    const auto rows = metrics("out");
    const auto& best = rows[static_cast<std::size_t>(outcome.best_epoch)];
    EXPECT_NEAR(1e3 * outcome.best.energy.rmse(), std::stod(best[12]), 1e-6 * std::stod(best[12]));
    EXPECT_NE(best[12], rows.back()[12]);
    const auto provenance = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance;
    EXPECT_EQ(provenance["validation"]["energy_rmse"].get<double>(), figures(outcome.best)["energy_rmse"].get<double>());
    EXPECT_EQ(outcome.validated_frames, 3U);
    EXPECT_EQ(outcome.validation_frames, 3U);
    // A run that is over tells the same.
    const auto again = run(config, "out", true);
    EXPECT_EQ(again.best.energy.rmse(), outcome.best.energy.rmse());
    EXPECT_EQ(again.best_epoch, outcome.best_epoch);
}

TEST_F(Session, batches_of_validation_are_heeded_and_said) {
    auto frames = testing::labelled_frames(40, 300);
    io::write_frames(folder_ / "validation.extxyz", frames);
    const auto with = [&](const std::string& training) {
        auto config = toy_config(folder_, "max_epochs: 4" + training);
        return config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "validation.extxyz").string());
    };
    const auto asked = run(with(", validation_batches: 4, validation_batch_size: 2"), "asked");
    EXPECT_EQ(asked.validation_frames, 40U);
    EXPECT_THAT(log_.text, HasSubstr("validation: 8 of the 40 frames, the same each time"));
    EXPECT_THAT(log_.text, HasSubstr("validation took"));
    static_cast<void>(run(with(", validation_batches: 3, validation_batch_size: \"auto:9\""), "rule"));
    EXPECT_THAT(log_.text, HasSubstr("validation: 6 of the 40 frames"));
    // 12 frames train: all 40 would take more than a quarter of the time.
    const auto bounded = run(with(""), "bounded");
    EXPECT_LE(bounded.validated_frames, 13U);
    EXPECT_GE(bounded.validated_frames, 10U);
    EXPECT_THAT(log_.text, HasSubstr("so that it takes no more than a quarter of the time"));
}

TEST_F(Session, few_validation_frames_do_not_decide_alone) {
    // One frame whose forces are wrongly zero: by it an early model is the best, by all frames the last.
    auto frames = testing::labelled_frames(12, 300);
    const auto first = validation_order(frames.size()).front();
    for (Vec3& force : *frames[first].labels.forces) force.setZero();
    io::write_frames(folder_ / "validation.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 60, validation_batches: 1, validation_batch_size: 1");
    config = testing::replaced(config, "total_energy: 1, forces: 1, stress: 10", "total_energy: 0, forces: 1, stress: 0");
    config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "validation.extxyz").string());
    const auto outcome = run(config, "out");
    EXPECT_THAT(log_.text, HasSubstr("validation: 1 of the 12 frames, the same each time; at the end"));
    const auto rows = metrics("out");
    std::size_t by_one = 1;
    for (std::size_t row = 1; row < rows.size(); ++row)
        if (std::stod(rows[row][11]) < std::stod(rows[by_one][11])) by_one = row;
    EXPECT_LT(by_one, 60U);
    EXPECT_EQ(outcome.best_epoch, 60);
    EXPECT_GT(outcome.validated_frames, 9U);
    EXPECT_EQ(tensors("out", "best"), tensors("out", "last"));
    const auto provenance = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance;
    EXPECT_EQ(provenance["validation"]["force_rmse"].get<double>(), figures(outcome.best)["force_rmse"].get<double>());
}

TEST_F(Session, validation_far_above_training_is_warned_of_with_its_likely_reason) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 60"), "fine"));
    EXPECT_THAT(log_.text, ::testing::Not(HasSubstr("hardly learned")));
    auto frames = testing::labelled_frames(6, 400);
    for (auto& frame : frames) *frame.labels.energy += 0.3 * static_cast<double>(frame.structure.size());
    io::write_frames(folder_ / "validation.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 60");
    config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "validation.extxyz").string());
    static_cast<void>(run(config, "shifted"));
    EXPECT_THAT(log_.text, HasSubstr("warning: validation errors lie far above those of the training: energy"));
    EXPECT_THAT(log_.text, HasSubstr("may have another zero of energy"));
}

TEST_F(Session, model_that_has_hardly_learned_is_warned_of) {
    auto config = toy_config(folder_, "max_epochs: 3, stop_lr: 1e-12");
    config = testing::replaced(config, "lr: 0.02", "lr: 1e-9");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: the model has hardly learned anything: force errors of"));
}

TEST_F(Session, patience_counts_validations) {
    auto config = toy_config(folder_, "max_epochs: 500, patience: 3, lr_schedule: constant, ema_decay: 0, checkpoint_seconds: 0");
    config = testing::replaced(config, "lr: 0.02", "lr: 0.30");
    const auto outcome = run(config, "out");
    EXPECT_EQ(outcome.epochs, outcome.best_epoch + 3);
    EXPECT_THAT(outcome.reason, HasSubstr("no better validation loss for 3 epochs"));
    EXPECT_THAT(log_.text, ::testing::Not(HasSubstr("training.patience ended")));  // a constant rate falls to nothing
}

TEST_F(Session, stopping_before_the_rate_has_fallen_is_warned_of) {
    auto config = toy_config(folder_, "max_epochs: 5000, patience: 2, ema_decay: 0");
    config = testing::replaced(config, "lr: 0.02", "lr: 0.30");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: training.patience ended the run at a learning rate of"));
}

TEST_F(Session, validation_that_is_no_longer_finite_says_so) {
    auto frames = testing::labelled_frames(2, 7);
    for (auto& frame : frames) frame.labels.energy = 1e200;  // its square is infinite
    io::write_frames(folder_ / "validation.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 2");
    config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "validation.extxyz").string());
    EXPECT_THAT(failure(config, "out"), HasSubstr("the validation loss is no longer finite"));
}

}  // namespace
}  // namespace alkali::training::session_validation_tests
