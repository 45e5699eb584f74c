#include "alkali/training/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include "alkali/training/tests/session_fixture.hpp"

namespace alkali::training::session_tests {
namespace {

using ::testing::HasSubstr;
using testing::kinds;
using testing::Session;
using testing::toy_config;
namespace fs = std::filesystem;

TEST_F(Session, learns_what_the_teacher_knows) {
    const auto outcome = run(toy_config(folder_, "max_epochs: 300, ema_decay: 0.9"), "out");
    const auto rows = metrics("out");
    ASSERT_EQ(rows.size(), 301U);
    EXPECT_EQ(rows[0][0], "epoch");
    EXPECT_LT(std::stod(rows[300][9]), 0.1 * std::stod(rows[1][9]));  // train_force_rmse
    EXPECT_EQ(outcome.epochs, 300);
    EXPECT_EQ(outcome.steps, 900);  // 9 frames to train on, 3 per step
    EXPECT_LT(outcome.last.errors.forces.rmse(), 0.05);
    for (const char* name : {"best.safetensors", "last.safetensors", "metrics.csv", "config.yaml", "checkpoint/state.safetensors"})
        EXPECT_TRUE(fs::exists(folder_ / "out" / name)) << name;
}

TEST_F(Session, model_file_tells_where_it_comes_from) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 3"), "out"));
    const auto loaded = models::load_model(folder_ / "out" / "best.safetensors", kinds());
    EXPECT_EQ(loaded.provenance["data_hash"].get<std::string>().size(), 64U + 1 + 64);
    EXPECT_EQ(loaded.provenance["version"], "test");
    EXPECT_TRUE(loaded.provenance["validation"].contains("energy_rmse"));
    EXPECT_EQ(loaded.provenance["frames"]["train"], 9);
}

TEST_F(Session, same_seed_same_bits_and_other_seed_other_model) {
    const auto config = toy_config(folder_, "max_epochs: 5");
    static_cast<void>(run(config, "a"));
    static_cast<void>(run(config, "b"));
    EXPECT_EQ(tensors("a"), tensors("b"));
    EXPECT_EQ(tensors("a", "best"), tensors("b", "best"));
    auto other = config;
    other.replace(other.find("seed: 4"), 7, "seed: 5");
    static_cast<void>(run(other, "c"));
    EXPECT_NE(tensors("a"), tensors("c"));
}

TEST_F(Session, one_and_two_threads_give_the_same_bits) {
    const std::string config =
        "model: {type: nequip, type_names: [Li, Na], r_max: 4.0, num_layers: 2, l_max: 1, num_features: 4, radial_mlp_depth: 1, "
        "radial_mlp_width: 8, num_bessels: 4, model_dtype: mixed}\n"
        "data: {train: " +
        (folder_ / "train.extxyz").string() +
        "}\n"
        "training: {batch_size: 3, loss_coeffs: {total_energy: 1, forces: 1, stress: 10}, max_epochs: 3}\n";
    omp_set_num_threads(1);
    static_cast<void>(run(config, "one"));
    omp_set_num_threads(2);
    static_cast<void>(run(config, "two"));
    EXPECT_EQ(tensors("one"), tensors("two"));
}

TEST_F(Session, virial_is_trained_by_default_where_the_data_have_it_and_said) {
    const auto config = toy_config(folder_, "max_epochs: 1, loss_type: deepmd");
    static_cast<void>(run(config, "with"));
    EXPECT_THAT(log_.text, HasSubstr("virial 0.02 to 1, on since the data have virials"));
    EXPECT_THAT(base::read_file(folder_ / "with" / "config.yaml"), HasSubstr("start_pref_v: 0.02"));
    auto frames = testing::labelled_frames(12, 100);
    for (auto& frame : frames) frame.labels.stress.reset();
    io::write_frames(folder_ / "train.extxyz", frames);
    static_cast<void>(run(config, "without"));
    EXPECT_THAT(log_.text, HasSubstr("virial off, since the data have no virials"));
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 1, loss_type: deepmd, loss_prefactors: {limit_pref_v: 1}"), "asked"),
                HasSubstr("stress"));
}

TEST_F(Session, deepmd_input_trains_as_it_is) {
    io::write_frames(folder_ / "systems", testing::labelled_frames(6, 100), {.format = "deepmd", .type_names = {}});
    base::write_file(folder_ / "input.json", R"({
        "model": {"type_map": ["Li", "Na"], "descriptor": {"type": "se_e2_a", "rcut": 4.0, "rcut_smth": 1.0, "neuron": [4, 8], "seed": 1},
                  "fitting_net": {"neuron": [8, 8], "precision": "float64"}},
        "learning_rate": {"type": "exp", "start_lr": 0.01, "stop_lr": 1e-5, "decay_steps": 2},
        "loss": {"start_pref_e": 0.02, "limit_pref_e": 1, "start_pref_f": 1000, "limit_pref_f": 1},
        "training": {"training_data": {"systems": ["systems"], "batch_size": "auto:8"}, "numb_steps": 8, "seed": 3, "disp_freq": 1}})");
    base::NullProgress progress;
    SerialCommunicator communicator;
    const auto outcome =
        train({folder_ / "input.json", folder_ / "out", false, false, false, 0, 0, "test", "test"}, kinds(), communicator, log_, progress);
    EXPECT_EQ(outcome.steps, 8);
    EXPECT_THAT(log_.text, HasSubstr("without effect here: model.descriptor.seed, training.disp_freq"));
    EXPECT_EQ(models::load_model(folder_ / "out" / "last.safetensors", kinds()).kind, "deep_potential");
    // What it became is a config that says the same.
    base::write_file(folder_ / "c.yaml", base::read_file(folder_ / "out" / "config.yaml"));
    static_cast<void>(
        train({folder_ / "c.yaml", folder_ / "again", false, false, false, 0, 0, "test", "test"}, kinds(), communicator, log_, progress));
    EXPECT_EQ(tensors("again"), tensors("out"));
}

TEST_F(Session, unknown_key_is_named_with_the_nearest_one) {
    auto config = toy_config(folder_, "max_epochs: 2");
    config = testing::replaced(config, "batch_size", "batch_sise");
    const auto text = failure(config, "out");
    EXPECT_THAT(text, HasSubstr("training.batch_sise"));
    EXPECT_THAT(text, HasSubstr("did you mean batch_size?"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Session, missing_labels_stop_or_are_masked) {
    auto frames = testing::labelled_frames(12, 100);
    frames[3].labels.stress.reset();
    io::write_frames(folder_ / "train.extxyz", frames);
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 2"), "out"), HasSubstr("frame 3"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2", ", missing: mask"), "masked"));
    EXPECT_TRUE(fs::exists(folder_ / "masked" / "best.safetensors"));
    for (auto& frame : frames) frame.labels.stress.reset();
    io::write_frames(folder_ / "train.extxyz", frames);
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 2", ", missing: mask"), "none"), HasSubstr("training.loss_coeffs.stress"));
}

TEST_F(Session, species_outside_the_model_is_named) {
    auto frames = testing::labelled_frames(12, 100);
    frames[5].structure.numbers[1] = 19;
    io::write_frames(folder_ / "train.extxyz", frames);
    const auto text = failure(toy_config(folder_, "max_epochs: 2"), "out");
    EXPECT_THAT(text, HasSubstr("atom 2 is K"));
    EXPECT_THAT(text, HasSubstr("frame 5"));
}

TEST_F(Session, overlapping_atoms_are_named_and_nothing_is_written) {
    auto frames = testing::labelled_frames(12, 100);
    frames[7].structure.positions[2] = frames[7].structure.positions[0];
    io::write_frames(folder_ / "train.extxyz", frames);
    const auto text = failure(toy_config(folder_, "max_epochs: 2"), "out");
    EXPECT_THAT(text, HasSubstr("atoms 1 and 3"));
    EXPECT_THAT(text, HasSubstr("frame 7"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Session, initial_model_alone_is_written_on_request) {
    base::write_file(folder_ / "c.yaml", toy_config(folder_, "max_epochs: 2"));
    base::NullProgress progress;
    SerialCommunicator communicator;
    static_cast<void>(
        train({folder_ / "c.yaml", folder_ / "out", false, true, false, 0, 0, "test", "test"}, kinds(), communicator, log_, progress));
    EXPECT_TRUE(fs::exists(folder_ / "out" / "init.safetensors"));
    EXPECT_FALSE(fs::exists(folder_ / "out" / "best.safetensors"));
}

TEST_F(Session, time_limits_are_kept_and_the_schedule_ends_with_them) {
    const double begin = base::process_cpu_seconds();
    static_cast<void>(run(toy_config(folder_, "max_cpu_seconds: " + std::to_string(begin + 2)), "out"));
    const double end = base::process_cpu_seconds();
    EXPECT_LT(end, begin + 2.3);
    EXPECT_GT(end, begin + 1.3);
    const auto rows = metrics("out");
    EXPECT_LT(std::stod(rows.back()[2]), 0.1 * 0.02);  // lr has nearly reached its end
}

TEST_F(Session, diverging_training_says_so) {
    auto config = toy_config(folder_, "max_epochs: 50, lr_schedule: {type: constant, warmup: 0}");
    config = testing::replaced(config, "lr: 0.02", "lr: 1e300");
    EXPECT_THAT(failure(config, "out"), HasSubstr("no longer finite"));
}

TEST_F(Session, average_of_a_short_run_is_as_good_as_its_weights) {
    // 60 steps with an average over 1000: its errors were those of the first weights.
    static_cast<void>(run(toy_config(folder_, "max_epochs: 20, ema_decay: 0.999"), "averaged"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 20, ema_decay: 0"), "plain"));
    const auto averaged = metrics("averaged"), plain = metrics("plain");
    EXPECT_LT(std::stod(averaged[20][11]), 1.3 * std::stod(plain[20][11]));
    EXPECT_EQ(averaged[20][3], plain[20][3]);  // the training itself is the same
}

TEST_F(Session, input_of_deepmd_with_a_time_limit_anneals_to_the_deadline) {
    io::write_frames(folder_ / "systems", testing::labelled_frames(6, 100), {.format = "deepmd", .type_names = {}});
    const auto input = [&](const std::string& rate, const std::string& limits) {
        base::write_file(folder_ / "input.json", R"({
            "model": {"type_map": ["Li", "Na"], "descriptor": {"type": "se_e2_a", "rcut": 4.0, "rcut_smth": 1.0, "neuron": [4, 8]},
                      "fitting_net": {"neuron": [8, 8]}},
            "learning_rate": {"type": "exp", "start_lr": 0.001, "decay_steps": 5000)" +
                                                     rate + R"(},
            "loss": {}, "training": {"training_data": {"systems": ["systems"]}, )" +
                                                     limits + "}}");
    };
    for (const std::string& limits :
         {std::string(R"("numb_steps": 1000000, "max_cpu_seconds": 0.8)"), std::string(R"("max_cpu_seconds": 0.8)"),
          std::string(R"("numb_steps": 1000000, "max_seconds": 1.5)")})
        for (const std::string& rate : {std::string(R"(, "stop_lr": 3.51e-8)"), std::string(R"(, "decay_rate": 0.95)"), std::string()}) {
            input(rate, limits);
            static_cast<void>(run_file("input.json", "out"));
            const auto rows = metrics("out");
            EXPECT_GT(std::stod(rows[1][2]), 0.7e-3) << limits << rate;
            EXPECT_LT(std::stod(rows.back()[2]), 0.1e-3) << limits << rate;
            if (rate.find("stop_lr") != std::string::npos) {
                EXPECT_LT(std::stod(rows.back()[2]), 3.51e-7) << limits << rate;
            }
        }
}

TEST_F(Session, schedule_begins_with_the_first_step_and_not_with_set_up) {
    base::write_file(folder_ / "c.yaml", toy_config(folder_, "max_cpu_seconds: 4, lr_schedule: {type: cosine, warmup: 0}"));
    base::NullProgress progress;
    SerialCommunicator communicator;
    // Half of the limit is used when the run begins, as by a long set-up.
    static_cast<void>(train({folder_ / "c.yaml", folder_ / "out", false, false, true, 0, base::process_cpu_seconds() - 2.2, "test", "test"},
                            kinds(), communicator, log_, progress));
    const auto rows = metrics("out");
    EXPECT_GT(std::stod(rows[1][2]), 0.98 * 0.02);
    EXPECT_LT(std::stod(rows.back()[2]), 0.1 * 0.02);
    EXPECT_THAT(log_.text, HasSubstr("warning: reading, set-up and a first validation took"));
}

TEST_F(Session, threads_that_are_chosen_give_the_same_bits) {
    base::write_file(folder_ / "c.yaml", toy_config(folder_, "max_epochs: 10, ema_decay: 0.999"));
    omp_set_num_threads(1);
    static_cast<void>(run_file("c.yaml", "one"));
    omp_set_num_threads(4);
    static_cast<void>(run_file("c.yaml", "chosen", TrainingThreads::chosen));
    EXPECT_EQ(omp_get_max_threads(), 4);
    EXPECT_EQ(tensors("chosen"), tensors("one"));
    EXPECT_EQ(tensors("chosen", "best"), tensors("one", "best"));
}

TEST_F(Session, batch_larger_than_the_set_and_a_run_shorter_than_an_epoch_are_warned_of) {
    auto config = toy_config(folder_, "max_epochs: 2");
    config = testing::replaced(config, "batch_size: 3", "batch_size: 99");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: training.batch_size is 99, more than the 9 training frames"));
    static_cast<void>(run(toy_config(folder_, "numb_steps: 2"), "short"));
    EXPECT_THAT(log_.text, HasSubstr("warning: the run ended after 2 steps, before it had seen all 9 training frames once"));
}

}  // namespace
}  // namespace alkali::training::session_tests
