#include "alkali/training/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/error.hpp"
#include "alkali/config/write.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/training/tests/foreign_config.hpp"

namespace alkali::training::options_tests {
namespace {

using ::testing::HasSubstr;
using testing::Memory;

config::Options options() {
    models::KindRegistry kinds;
    kinds.add(models::testing::toy_kind());
    return training_options(kinds);
}

config::Config config_of(const std::string& training, const std::string& data = "train: a.xyz", base::LogSink* log = nullptr) {
    base::NullSink none;
    return config::parse("model: {type: toy, type_names: [Li]}\ndata: {" + data + "}\ntraining: {" + training + "}\n", options(), "c.yaml",
                         log != nullptr ? *log : none);
}

nlohmann::json parsed(const std::string& training, const std::string& data = "train: a.xyz", base::LogSink* log = nullptr) {
    return config_of(training, data, log).values;
}

/// What the check of choices says: its error, or its warning.
std::string doubt(config::Config config) {
    Memory log;
    settle_loss(config, log);
    const auto failure = testing::failure_of([&] { check_choices(config, log); });
    return failure == "no failure" ? log.text : failure;
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

TEST(TrainingOptions, a_list_without_files_is_no_share) {
    for (const char* none : {"train: a, validation: []", "train: a, validation: ''", "train: a, validation: ['']", "train: []"})
        EXPECT_THAT(testing::failure_of([&] { static_cast<void>(data_settings(parsed("", none))); }), HasSubstr("names no file")) << none;
}

TEST(TrainingOptions, weights_of_another_loss_are_told) {
    EXPECT_THAT(doubt(config_of("loss_type: deepmd, loss_coeffs: {forces: 7}")),
                HasSubstr("without effect: training.loss_coeffs (loss_type is deepmd)"));
    EXPECT_THAT(doubt(config_of("loss_type: deepmd, forces_weight: 7")),
                HasSubstr("without effect: training.loss_coeffs (loss_type is deepmd)"));
    EXPECT_THAT(doubt(config_of("loss_type: deepmd, loss_coeffs: {forces: 1}")),
                HasSubstr("without effect: training.loss_coeffs (loss_type is deepmd)"));
    for (const char* type : {"mse", "huber"})
        EXPECT_THAT(doubt(config_of(std::string("loss_type: ") + type + ", loss_prefactors: {start_pref_e: 3}")),
                    HasSubstr(std::string("without effect: training.loss_prefactors (loss_type is ") + type));
    // What alkali writes gives every key.
    for (const char* type : {"mse", "deepmd"}) {
        auto config = config_of(std::string("loss_type: ") + type);
        base::NullSink log;
        EXPECT_EQ(doubt(config::parse(config::to_yaml(config.values, options()), options(), "config.yaml", log)), "") << type;
    }
}

TEST(TrainingOptions, keys_of_a_choice_that_is_not_made_are_told) {
    const auto text = doubt(config_of("huber_delta: 0.5, decay_steps: 7, validation_batch_size: 2, energy_shifts: fit"));
    for (const char* key :
         {"training.huber_delta (loss_type is mse)", "training.decay_steps (lr_schedule is cosine)",
          "training.validation_batch_size (validation_batches is not given)", "training.energy_shifts (init_from is not given)"})
        EXPECT_THAT(text, HasSubstr(key));
    EXPECT_THAT(doubt(config_of("stop_lr: 1e-5, lr_schedule: {type: constant, warmup: 0, warmup_start: 1e-4}")),
                ::testing::AllOf(HasSubstr("training.stop_lr (lr_schedule is constant)"),
                                 HasSubstr("training.lr_schedule.warmup_start (warmup is 0)")));
    EXPECT_THAT(doubt(config_of("validation_batches: 2", "train: a, validation: 0, split_by: none")),
                ::testing::AllOf(HasSubstr("training.validation_batches"), HasSubstr("data.split_by")));
    EXPECT_EQ(doubt(config_of("loss_type: huber, huber_delta: 0.5, decay_steps: 7, lr_schedule: exponential, init_from: a, "
                              "energy_shifts: fit, validation_batches: 1, validation_batch_size: 2")),
              "");
}

TEST(TrainingOptions, the_learning_rate_never_rises_above_lr) {
    EXPECT_THAT(doubt(config_of("stop_lr: 1")), HasSubstr("training.stop_lr is 1, above training.lr (0.005)"));
    EXPECT_THAT(doubt(config_of("lr_schedule: {type: cosine, warmup_start: 100}")), HasSubstr("training.lr_schedule.warmup_start is 100"));
    EXPECT_EQ(doubt(config_of("lr: 0.01, stop_lr: 0.01, lr_schedule: {type: cosine, warmup_start: 0.01}")), "");
}

TEST(TrainingOptions, large_whole_numbers_are_kept_or_refused) {
    EXPECT_THROW(static_cast<void>(parsed("patience: 4294967297")), InputError);
    EXPECT_EQ(trainer_settings(parsed("patience: 1000000000")).patience, 1000000000);
    const auto settings = trainer_settings(parsed("validation_batches: 1000000000, validation_batch_size: 1000000000"));
    EXPECT_GE(settings.validation_frames, std::size_t{1} << 53);
    auto values = parsed("validation_batches: 3, batch_size: 6148914691236517206");
    const std::vector<structure::Frame> frames(2);
    settle_validation(values, frames);
    EXPECT_GE(trainer_settings(values).validation_frames, std::size_t{1} << 53);
}

TEST(TrainingOptions, split_follows_the_seed_unless_given) {
    EXPECT_EQ(data_settings(parsed("seed: 8")).split_seed, 8U);
    EXPECT_EQ(data_settings(parsed("seed: 8", "train: a, split_seed: 3")).split_seed, 3U);
}

}  // namespace
}  // namespace alkali::training::options_tests
