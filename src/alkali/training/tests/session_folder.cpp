// The folder of a run: what it may replace, and that its files belong together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "alkali/training/tests/session_fixture.hpp"

namespace alkali::training::session_folder_tests {
namespace {

using ::testing::HasSubstr;
using testing::kinds;
using ::testing::Not;
using testing::replaced;
using testing::Session;
using testing::toy_config;
namespace fs = std::filesystem;

class RunFiles : public Session {
protected:
    std::string refusal(const std::string& config, const std::string& output, const SessionRequest& how) {
        base::write_file(folder_ / "c.yaml", config);
        auto request = how;
        request.config = folder_ / "c.yaml";
        request.output = folder_ / output;
        base::NullProgress progress;
        SerialCommunicator communicator;
        try {
            static_cast<void>(train(request, kinds(), communicator, log_, progress));
        } catch (const Error& error) {
            return error.what();
        }
        return "no failure";
    }
    /// Name and content of every file below the folder.
    [[nodiscard]] std::map<std::string, std::string> contents(const std::string& output) const {
        std::map<std::string, std::string> files;
        for (const auto& entry : fs::recursive_directory_iterator(folder_ / output))
            if (entry.is_regular_file()) files[entry.path().string()] = base::read_file(entry.path());
        return files;
    }
    /// Each step overflows, so that the run ends in its first epoch.
    [[nodiscard]] std::string diverging() const {
        return replaced(toy_config(folder_, "max_epochs: 50, lr_schedule: {type: constant, warmup: 0}"), "lr: 0.02", "lr: 1e300");
    }

    static SessionRequest with(bool SessionRequest::*flag) {
        SessionRequest request;
        request.*flag = true;
        return request;
    }
    const SessionRequest plain_ = {}, restart_ = with(&SessionRequest::restart), init_only_ = with(&SessionRequest::init_only),
                         overwrite_ = with(&SessionRequest::overwrite);
};

TEST_F(RunFiles, any_file_of_a_run_keeps_another_from_beginning_there) {
    const auto config = toy_config(folder_, "max_epochs: 2"), other = toy_config(folder_, "max_epochs: 3");
    for (const std::string name : {"best.safetensors", "last.safetensors", "metrics.csv", "left_out.extxyz", "config.yaml"}) {
        fs::remove_all(folder_ / "out");
        base::write_file(folder_ / "out" / name, "mine\n");
        for (const auto& how : {plain_, restart_, init_only_}) {
            const auto message = refusal(config, "out", how);
            EXPECT_THAT(message, HasSubstr("holds files of an earlier run without its checkpoint: " + name));
            EXPECT_THAT(message, HasSubstr("--overwrite"));
        }
        EXPECT_EQ(base::read_file(folder_ / "out" / name), "mine\n");
    }
    fs::remove_all(folder_ / "out");
    static_cast<void>(run(config, "out"));
    fs::remove_all(folder_ / "out" / "checkpoint");
    const auto before = contents("out");
    for (const auto& how : {plain_, restart_, init_only_})
        for (const auto& each : {config, other}) EXPECT_THAT(refusal(each, "out", how), HasSubstr("without its checkpoint"));
    EXPECT_EQ(contents("out"), before);
    EXPECT_EQ(refusal(other, "out", overwrite_), "no failure");
}

TEST_F(RunFiles, of_an_initial_model_are_no_obstacle_to_its_training) {
    const auto config = toy_config(folder_, "max_epochs: 2", ", use: 0.75");
    EXPECT_EQ(refusal(config, "out", init_only_), "no failure");
    EXPECT_TRUE(fs::exists(folder_ / "out" / "left_out.extxyz"));
    EXPECT_THAT(refusal(config, "out", init_only_), HasSubstr("init.safetensors"));
    EXPECT_THAT(refusal(toy_config(folder_, "max_epochs: 3"), "out", plain_), HasSubstr("config.yaml"));
    EXPECT_EQ(refusal(config, "out", plain_), "no failure");
    EXPECT_TRUE(fs::exists(folder_ / "out" / "init.safetensors"));
}

TEST_F(RunFiles, that_a_kill_left_before_the_first_checkpoint_begin_anew_with_restart) {
    const auto config = toy_config(folder_, "max_epochs: 2");
    static_cast<void>(run(config, "whole"));
    fs::copy(folder_ / "whole", folder_ / "killed", fs::copy_options::recursive);
    fs::remove_all(folder_ / "killed" / "checkpoint");
    fs::remove(folder_ / "killed" / "last.safetensors");
    EXPECT_THAT(refusal(config, "killed", plain_), HasSubstr("without its checkpoint"));
    EXPECT_THAT(refusal(toy_config(folder_, "max_epochs: 3"), "killed", restart_), HasSubstr("without its checkpoint"));
    EXPECT_EQ(refusal(config, "killed", restart_), "no failure");
    EXPECT_EQ(tensors("killed"), tensors("whole"));
}

TEST_F(RunFiles, of_the_old_run_stay_whole_where_the_new_one_fails_early) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2"), "out"));
    const auto before = contents("out");
    EXPECT_THAT(refusal(diverging(), "out", overwrite_), HasSubstr("no longer finite"));
    EXPECT_EQ(contents("out"), before);
    EXPECT_THAT(refusal(diverging(), "new", plain_), HasSubstr("no longer finite"));
    EXPECT_FALSE(fs::exists(folder_ / "new"));
}

TEST_F(RunFiles, of_the_old_run_are_gone_once_the_new_one_has_a_result) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2", ", use: 0.75"), "out"));
    auto anew = overwrite_;
    anew.init_only = true;
    EXPECT_EQ(refusal(toy_config(folder_, "max_epochs: 2"), "out", anew), "no failure");
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(folder_ / "out"))
        if (entry.is_regular_file()) left.push_back(entry.path().filename());
    EXPECT_THAT(left, ::testing::UnorderedElementsAre("init.safetensors", "config.yaml"));
    EXPECT_FALSE(fs::exists(folder_ / "out" / "checkpoint"));
}

TEST_F(RunFiles, what_lies_in_their_place_is_named_before_anything_is_trained) {
    const auto config = toy_config(folder_, "max_epochs: 2");
    for (const std::string name : {"best.safetensors", "config.yaml", "checkpoint/state.safetensors"}) {
        fs::remove_all(folder_ / "out");
        fs::create_directories(folder_ / "out" / name);
        EXPECT_THAT(refusal(config, "out", overwrite_), HasSubstr("is a folder")) << name;
    }
    fs::remove_all(folder_ / "out");
    base::write_file(folder_ / "out" / "checkpoint", "mine");
    EXPECT_THAT(refusal(config, "out", overwrite_), HasSubstr("is no folder"));
}

TEST_F(RunFiles, models_that_are_not_those_of_the_checkpoint_are_written_anew_and_said) {
    const auto config = toy_config(folder_, "max_epochs: 6, ema_decay: 0");
    const auto outcome = run(config, "out");
    const auto best = tensors("out", "best"), last = tensors("out");
    const auto restored = [&] {
        log_.text.clear();
        const auto again = run(config, "out", true);
        EXPECT_EQ(again.best.energy.rmse(), outcome.best.energy.rmse());
        EXPECT_EQ(tensors("out", "best"), best);
        EXPECT_EQ(tensors("out"), last);
        return log_.text;
    };
    EXPECT_THAT(restored(), Not(HasSubstr("written anew")));
    for (const char* name : {"best.safetensors", "last.safetensors", "config.yaml"}) fs::remove(folder_ / "out" / name);
    EXPECT_THAT(restored(), HasSubstr("warning: best.safetensors is missing or not the model of the checkpoint"));
    EXPECT_TRUE(fs::exists(folder_ / "out" / "config.yaml"));
    const auto figures_of_file = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance["validation"];
    EXPECT_EQ(figures_of_file["energy_rmse"].get<double>(), figures(outcome.best)["energy_rmse"].get<double>());

    static_cast<void>(run(replaced(config, "seed: 4", "seed: 5"), "other"));
    fs::copy_file(folder_ / "other" / "best.safetensors", folder_ / "out" / "best.safetensors", fs::copy_options::overwrite_existing);
    EXPECT_THAT(restored(), HasSubstr("warning: best.safetensors"));
    base::write_file(folder_ / "out" / "best.safetensors", "no model");
    EXPECT_THAT(restored(), HasSubstr("warning: best.safetensors"));
    // The same weights in a model with another constant.
    auto file = io::TensorFile::load(folder_ / "out" / "best.safetensors");
    file.metadata["hyperparameters"] = replaced(file.metadata["hyperparameters"], "4.0", "3.5");
    file.save(folder_ / "out" / "best.safetensors");
    EXPECT_THAT(restored(), HasSubstr("warning: best.safetensors"));
}

TEST_F(RunFiles, a_changed_model_to_start_from_ends_a_restart) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2"), "first"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 3"), "second"));
    const auto start = folder_ / "start.safetensors";
    fs::copy_file(folder_ / "first" / "best.safetensors", start);
    const auto config = [&](const std::string& epochs) {
        return toy_config(folder_, "max_epochs: " + epochs + ", init_from: " + start.string());
    };
    static_cast<void>(run(config("2"), "out"));
    const auto before = contents("out");
    fs::copy_file(folder_ / "second" / "best.safetensors", start, fs::copy_options::overwrite_existing);
    for (const char* epochs : {"2", "4"})
        EXPECT_THAT(failure(config(epochs), "out", true), HasSubstr("the model of training.init_from has changed since this run began"));
    EXPECT_EQ(contents("out"), before);
    fs::copy_file(folder_ / "first" / "best.safetensors", start, fs::copy_options::overwrite_existing);
    EXPECT_EQ(run(config("4"), "out", true).epochs, 4);
}

TEST_F(RunFiles, weights_that_the_last_step_ruined_are_not_saved) {
    auto config = toy_config(folder_, "numb_steps: 1, ema_decay: 0, lr_schedule: {type: constant, warmup: 0}");
    config = replaced(replaced(config, "validation: 0.25", "validation: 0"), "batch_size: 3", "batch_size: 12");
    for (const char* rate : {"1e30", "1e300"}) {
        EXPECT_THAT(refusal(replaced(config, "lr: 0.02", std::string("lr: ") + rate), "out", plain_), HasSubstr("after the last step"));
        EXPECT_FALSE(fs::exists(folder_ / "out"));
    }
    EXPECT_EQ(refusal(config, "out", plain_), "no failure");
}

TEST_F(RunFiles, a_seed_without_successors_is_refused_for_later_members) {
    const auto config = replaced(toy_config(folder_, "max_epochs: 1"), "seed: 4", "seed: 9223372036854775807");
    EXPECT_EQ(refusal(config, "first", plain_), "no failure");
    auto second = plain_;
    second.seed_offset = 1;
    EXPECT_THAT(refusal(config, "second", second), HasSubstr("training.seed"));
}

}  // namespace
}  // namespace alkali::training::session_folder_tests
