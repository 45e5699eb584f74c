#include "alkali/training/doubts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/training/tests/samples.hpp"
#include "alkali/training/validation.hpp"

namespace alkali::training::doubts_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ResidualSums residuals(std::initializer_list<double> values) {
    ResidualSums sums;
    for (const double value : values) sums.add(value);
    return sums;
}

TEST(Doubts, errors_of_validation_are_compared_with_those_of_training) {
    LossSettings loss;
    ErrorSums train, validation;
    train.energy = residuals({0.002, -0.002, 0.002, -0.002});
    train.forces = residuals({0.02, -0.02});
    validation = train;
    EXPECT_EQ(far_above_training(train, validation, loss), "");
    validation.energy = residuals({0.3, -0.3, 0.3, -0.3});
    EXPECT_EQ(far_above_training(train, validation, loss), "energy 300 against 2 meV/atom");
    validation.forces = residuals({0.04, -0.04});
    EXPECT_THAT(far_above_training(train, validation, loss), HasSubstr("forces 40 against 20 meV/angstrom"));
}

TEST(Doubts, a_constant_offset_is_named) {
    ErrorSums train, validation;
    train.energy = residuals({0.002, -0.002, 0.002, -0.002});
    validation.energy = residuals({0.302, 0.298, 0.302, 0.298});
    EXPECT_THAT(far_above_training(train, validation, {}), HasSubstr("without a constant offset the energy would be 2 meV/atom off"));
}

TEST(Doubts, what_the_loss_does_not_weigh_is_not_compared) {
    LossSettings loss;
    ErrorSums train, validation;
    train.stress = residuals({0.001});
    validation.stress = residuals({0.1});
    EXPECT_EQ(far_above_training(train, validation, loss), "");
    loss.stress = 100;
    EXPECT_THAT(far_above_training(train, validation, loss), HasSubstr("stress"));
}

TEST(Doubts, errors_as_large_as_the_labels_mean_that_nothing_was_learned) {
    const auto frames = testing::labelled_frames(8, 5);
    ResidualSums labels;
    for (const auto& frame : frames)
        for (const Vec3& force : *frame.labels.forces)
            for (int k = 0; k < 3; ++k) labels.add(force[k]);
    ErrorSums errors;
    errors.forces = residuals({labels.rmse()});
    EXPECT_THAT(hardly_learned(errors, frames, {}), HasSubstr("force errors of"));
    errors.forces = residuals({0.3 * labels.rmse()});
    EXPECT_EQ(hardly_learned(errors, frames, {}), "");
    LossSettings energies;
    energies.forces = 0;
    errors.energy = residuals({100.0});
    EXPECT_THAT(hardly_learned(errors, frames, energies), HasSubstr("energy errors of"));
}

TEST(Doubts, energies_that_are_off_are_named_beside_good_forces) {
    const auto frames = testing::labelled_frames(8, 5);
    ErrorSums errors;
    errors.forces = residuals({1e-3, -1e-3});
    errors.energy = residuals({1e-4, -1e-4, 1e-4});
    EXPECT_EQ(hardly_learned(errors, frames, {}), "");
    errors.energy = residuals({100.003, 99.997, 100.003, 99.997});
    EXPECT_THAT(hardly_learned(errors, frames, {}), HasSubstr("energy errors of 1e+05 meV/atom"));
    EXPECT_THAT(hardly_learned(errors, frames, {}), HasSubstr("a constant offset of +1e+05 makes up most of it: without it 3"));
    EXPECT_THAT(hardly_learned(errors, frames, {}), Not(HasSubstr("force errors")));
    // Two zeros in one set: hardly better than a constant, in the middle between them.
    ResidualSums labels;
    double mean = 0;
    const auto per_atom = [](const structure::Frame& frame) { return *frame.labels.energy / static_cast<double>(frame.structure.size()); };
    for (const auto& frame : frames) mean += per_atom(frame) / static_cast<double>(frames.size());
    for (const auto& frame : frames) labels.add(per_atom(frame) - mean);
    errors.energy = residuals({0.97 * labels.rmse(), -0.97 * labels.rmse(), 0.97 * labels.rmse()});
    EXPECT_THAT(hardly_learned(errors, frames, {}), HasSubstr("energy errors of"));
    LossSettings forces;
    forces.total_energy = 0;
    EXPECT_EQ(hardly_learned(errors, frames, forces), "");
}

TEST(ValidationFrames, fit_the_budget_and_have_every_kind_of_label) {
    auto frames = testing::labelled_frames(40, 9);
    for (std::size_t k = 0; k < frames.size(); ++k)
        if (k != 17) frames[k].labels.stress.reset();
    const GraphSet set(frames, {"Li", "Na"}, 4.0);
    EXPECT_EQ(validated_frames(set, {0, 1e9}), 40U);
    const auto chosen = chosen_frames(set, validated_frames(set, {3, 0}));
    EXPECT_TRUE(std::find(chosen.begin(), chosen.end(), 17U) != chosen.end());
    EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
    for (auto& frame : frames) frame.labels.stress.reset();
    const GraphSet plain(frames, {"Li", "Na"}, 4.0);
    EXPECT_EQ(validated_frames(plain, {3, 0}), 3U);
    EXPECT_EQ(validated_frames(plain, {0, 0}), 1U);
    double atoms = 0;
    const auto count = validated_frames(plain, {0, 50});
    for (const auto index : chosen_frames(plain, count)) atoms += static_cast<double>(frames[index].structure.size());
    EXPECT_LE(atoms, 50);
    EXPECT_GT(atoms, 40);
}

}  // namespace
}  // namespace alkali::training::doubts_tests
