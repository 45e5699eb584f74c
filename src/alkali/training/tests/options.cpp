#include "alkali/training/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/error.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/training/tests/foreign_config.hpp"

namespace alkali::training::options_tests {
namespace {

using ::testing::HasSubstr;
using testing::Memory;

nlohmann::json parsed(const std::string& training, const std::string& data = "train: a.xyz", base::LogSink* log = nullptr) {
    base::NullSink none;
    models::KindRegistry kinds;
    kinds.add(models::testing::toy_kind());
    return config::parse("model: {type: toy, type_names: [Li]}\ndata: {" + data + "}\ntraining: {" + training + "}\n",
                         training_options(kinds), "c.yaml", log != nullptr ? *log : none)
        .values;
}

TEST(TrainingOptions, names_of_other_programs_are_read_and_said) {
    Memory log;
    // mace, SevenNet, deepmd and nequip in turn
    EXPECT_EQ(trainer_settings(parsed("forces_weight: 7, stress_weight: 3, energy_weight: 2", "train: a", &log)).loss.forces, 7);
    EXPECT_EQ(trainer_settings(parsed("force_loss_weight: 5, optim_param: {lr: 0.25}, epoch: 9", "train: a", &log)).schedule.lr, 0.25);
    EXPECT_EQ(trainer_settings(parsed("start_lr: 0.001, stop_lr: 1e-8, stop_batch: 1000", "train: a", &log)).max_steps, 1000);
    EXPECT_EQ(trainer_settings(parsed("loss: {coeffs: {total_energy: 4}}", "train_file_path: a", &log)).loss.total_energy, 4);
    for (const char* name :
         {"forces_weight", "force_loss_weight", "optim_param.lr", "epoch", "start_lr", "stop_batch", "loss.coeffs", "train_file_path"})
        EXPECT_THAT(log.text, HasSubstr(name));
}

TEST(TrainingOptions, defaults_are_those_of_the_design) {
    const auto settings = trainer_settings(parsed(""));
    EXPECT_EQ(settings.schedule.kind, ScheduleSettings::Kind::cosine);
    EXPECT_DOUBLE_EQ(settings.schedule.stop_lr, settings.schedule.lr / 100);
    EXPECT_EQ(settings.max_epochs, 100);
    EXPECT_EQ(trainer_settings(parsed("max_cpu_seconds: 5")).max_epochs, 0);
    EXPECT_EQ(data_settings(parsed("")).validation_fraction, 0.1);
}

TEST(TrainingOptions, only_labels_with_a_weight_are_needed) {
    auto needs = data_settings(parsed("loss_coeffs: {total_energy: 0, forces: 1}")).load.needs;
    EXPECT_FALSE(needs.energy);
    EXPECT_TRUE(needs.forces);
    EXPECT_FALSE(needs.stress);
    EXPECT_TRUE(data_settings(parsed("loss_coeffs: {shear: 1}")).load.needs.stress);
}

TEST(TrainingOptions, data_may_be_one_file_or_several) {
    const auto one = data_settings(parsed("", "train: a.xyz, validation: v.xyz"));
    EXPECT_EQ(one.train.size(), 1U);
    EXPECT_EQ(one.validation.at(0), "v.xyz");
    EXPECT_EQ(data_settings(parsed("", "train: [a.xyz, b], validation: [c, d]")).validation.size(), 2U);
    EXPECT_THROW(static_cast<void>(parsed("", "validation: 0.1")), InputError);
}

TEST(TrainingOptions, split_follows_the_seed_unless_given) {
    EXPECT_EQ(data_settings(parsed("seed: 8")).split_seed, 8U);
    EXPECT_EQ(data_settings(parsed("seed: 8", "train: a, split_seed: 3")).split_seed, 3U);
}

}  // namespace
}  // namespace alkali::training::options_tests
