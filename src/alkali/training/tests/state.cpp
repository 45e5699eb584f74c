#include "alkali/training/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/training/schedule.hpp"
#include "alkali/training/tests/feed.hpp"

namespace alkali::training::state_tests {
namespace {

using ::testing::HasSubstr;

TrainerState sound() {
    TrainerState state;
    state.parameters = {1, 2, 3};
    state.adam = {7, {0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}, {}};
    state.ema = {1.5, 2.5, 3.5};
    state.order = {2, 0, 3, 1};
    state.position = 3;
    state.epoch = 2;
    state.step = 7;
    state.random = base::Random(5).state();
    state.schedule = Schedule(ScheduleSettings{}).state();
    state.present.steps = 1;
    state.best_loss = 0.5;
    state.best_epoch = 1;
    state.best_weights = {3, 2, 1};
    state.validated_frames = 2;
    return state;
}

const RunIdentity identity{{{"training", {{"lr", 0.01}}}}, "abc"};

class Checkpoint : public ::testing::Test {
protected:
    void SetUp() override {
        path_ = std::filesystem::temp_directory_path() /
                ("alkali_state_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
        save_state(path_, sound(), identity);
    }
    void TearDown() override { std::filesystem::remove(path_); }

    /// What is said of the file after a change that keeps no checksum, as a file of an earlier version or one made on purpose.
    [[nodiscard]] std::string failure(const std::function<void(io::TensorFile&)>& change) const {
        auto file = io::TensorFile::load(path_);
        file.metadata.erase("checksum");
        change(file);
        return message(file.serialised());
    }
    [[nodiscard]] std::string failure_of_run(const std::string& key, const nlohmann::json& value) const {
        return failure([&](io::TensorFile& file) {
            auto run = nlohmann::json::parse(file.metadata.at("run"));
            run[key] = value;
            file.metadata["run"] = run.dump();
        });
    }
    [[nodiscard]] static std::string message(const std::string& bytes) {
        try {
            static_cast<void>(parse_state(bytes, "run/state.safetensors"));
        } catch (const FileError& error) {
            EXPECT_THAT(error.where(), HasSubstr("run/state.safetensors"));
            return error.what();
        }
        return "read";
    }

    std::filesystem::path path_;
};

TEST_F(Checkpoint, comes_back_bit_by_bit_with_and_without_its_checksum) {
    const auto expected = sound();
    auto file = io::TensorFile::load(path_);
    EXPECT_EQ(file.metadata.at("checksum").size(), 64U);
    file.metadata.erase("checksum");
    for (const auto& state : {load_state(path_, identity), parse_state(file.serialised(), "old")}) {
        EXPECT_EQ(state.parameters, expected.parameters);
        EXPECT_EQ(state.adam.second, expected.adam.second);
        EXPECT_EQ(state.ema, expected.ema);
        EXPECT_EQ(state.order, expected.order);
        EXPECT_EQ(state.step, expected.step);
        EXPECT_EQ(state.random, expected.random);
        EXPECT_EQ(state.schedule, expected.schedule);
        EXPECT_EQ(state.best_loss, expected.best_loss);
        EXPECT_EQ(state.best_weights, expected.best_weights);
    }
}

TEST_F(Checkpoint, any_changed_byte_is_noticed) {
    const auto bytes = base::read_file(path_);
    for (std::size_t at = 0; at < bytes.size(); at += 7) {
        auto changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        EXPECT_NE(message(changed), "read") << at;
    }
}

TEST_F(Checkpoint, tensors_that_cannot_be_are_refused_by_name) {
    const auto nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
    const auto with = [&](const std::string& name, std::vector<double> values) {
        return failure([&](io::TensorFile& file) { file.tensors.at(name) = {{values.size()}, values}; });
    };
    EXPECT_EQ(failure([](io::TensorFile&) {}), "read");
    for (const char* name : {"adam.first", "adam.second", "ema", "best.weights"}) {
        EXPECT_THAT(with(name, {1, 2}), HasSubstr(name));
        EXPECT_THAT(with(name, {1, 2, 3, 4}), HasSubstr(name));
        EXPECT_THAT(with(name, {1, nan, 3}), HasSubstr(name));
        EXPECT_THAT(with(name, {1, infinity, 3}), HasSubstr(name));
    }
    EXPECT_THAT(with("adam.first", {}), HasSubstr("adam.first"));
    EXPECT_THAT(with("adam.second", {1, -1, 1}), HasSubstr("adam.second"));
    EXPECT_THAT(with("adam.largest", {1, -1, 1}), HasSubstr("adam.largest"));
    EXPECT_THAT(with("parameters", {nan, 1, 1}), HasSubstr("parameters"));
    for (const std::vector<double>& order :
         {std::vector<double>{0, 1, 2, 4}, {0, 1, 1, 2}, {0, 1, 2, -1}, {0, 1, 2, 2.5}, {0, 1, 2, 1e300}})
        EXPECT_THAT(with("order", order), HasSubstr("'order'"));
    EXPECT_THAT(with("order", {0, 1, 2, nan}), HasSubstr("order"));
    EXPECT_THAT(with("sums.present", {1, 2}), HasSubstr("sums.present"));
    EXPECT_THAT(with("best.errors", std::vector<double>(12, -1.0)), HasSubstr("best.errors"));
    EXPECT_THAT(with("sums.previous", std::vector<double>(17, 0.5)), HasSubstr("sums.previous"));
    EXPECT_THAT(failure([](io::TensorFile& file) { file.tensors.erase("ema"); }), HasSubstr("ema"));
    EXPECT_THAT(failure([](io::TensorFile& file) { file.metadata["checksun"] = "x"; }), HasSubstr("checksun"));
    EXPECT_THAT(failure([](io::TensorFile& file) { file.tensors.at("ema").shape = {1, 3}; }), HasSubstr("ema"));
}

TEST_F(Checkpoint, numbers_that_cannot_be_are_refused_by_name) {
    for (const char* key : {"position", "epoch", "step", "adam_step", "best_epoch", "waited", "validated_frames", "closing_frames"})
        for (const nlohmann::json& value : {nlohmann::json(-1), nlohmann::json(1.5), nlohmann::json("1"), nlohmann::json(nullptr),
                                            nlohmann::json(18446744073709551615ULL), nlohmann::json(std::int64_t{1} << 60)})
            EXPECT_THAT(failure_of_run(key, value), HasSubstr(key)) << value;
    EXPECT_THAT(failure_of_run("position", 5), HasSubstr("position"));
    EXPECT_THAT(failure_of_run("step", 8), HasSubstr("step"));
    EXPECT_THAT(failure_of_run("best_epoch", 3), HasSubstr("best_epoch"));
    for (const char* key : {"time_share", "seconds", "cpu_seconds", "validation_seconds"})
        EXPECT_THAT(failure_of_run(key, -0.1), HasSubstr(key));
    EXPECT_THAT(failure_of_run("time_share", 1.1), HasSubstr("time_share"));
    EXPECT_THAT(failure_of_run("finished", 1), HasSubstr("finished"));
    EXPECT_THAT(failure_of_run("random", "1 2 3"), HasSubstr("random"));
    EXPECT_THAT(failure_of_run("best_loss", "0.5"), HasSubstr("best_loss"));
    for (const char* key : {"held_progress", "interval", "first_step", "reduction", "waited"}) {
        auto schedule = sound().schedule;
        schedule[key] = -7;
        EXPECT_THAT(failure_of_run("schedule", schedule), HasSubstr(key));
        schedule.erase(key);
        EXPECT_THAT(failure_of_run("schedule", schedule), HasSubstr(key));
    }
    EXPECT_THAT(failure_of_run("schedule", nlohmann::json::array()), HasSubstr("is missing"));
    EXPECT_THAT(failure([](io::TensorFile& file) { file.metadata["run"] = std::string(100000, '['); }), HasSubstr("levels"));
    EXPECT_THAT(failure([](io::TensorFile& file) { file.metadata["run"] = "3"; }), HasSubstr("is missing"));
}

TEST_F(Checkpoint, of_another_run_does_not_fit) {
    const auto fails = [](const RunSizes& sizes) {
        try {
            require_fit(sound(), sizes, "s");
        } catch (const FileError&) {
            return true;
        }
        return false;
    };
    EXPECT_FALSE(fails({3, 4, 2, false, true}));
    EXPECT_TRUE(fails({2, 4, 2, false, true}));
    EXPECT_TRUE(fails({3, 5, 2, false, true}));
    EXPECT_TRUE(fails({3, 4, 1, false, true}));
    EXPECT_TRUE(fails({3, 4, 2, true, true}));
    EXPECT_TRUE(fails({3, 4, 2, false, false}));
    auto without_best = sound();
    without_best.best_weights.clear();
    EXPECT_THROW(require_fit(without_best, {3, 4, 2, false, true}, "s"), FileError);
}

TEST_F(Checkpoint, belongs_to_the_model_that_its_run_started_from) {
    auto started = identity;
    started.start_hash = "abc";
    EXPECT_THROW(static_cast<void>(load_state(path_, started)), InputError);
    save_state(path_, sound(), started);
    EXPECT_EQ(load_state(path_, started).step, 7);
    EXPECT_THROW(static_cast<void>(load_state(path_, identity)), InputError);
}

// A config found in a folder whose name is not UTF-8 holds the names of its files so.
TEST_F(Checkpoint, names_that_are_not_utf8_are_no_change_of_the_config) {
    const RunIdentity odd{{{"data", {{"train", "caf\xe9/a.extxyz"}}}}, "abc"};
    save_state(path_, sound(), odd);
    EXPECT_EQ(load_state(path_, odd).step, 7);
    EXPECT_THROW(static_cast<void>(load_state(path_, identity)), InputError);
}

TEST(CheckpointCorpus, cut_anywhere_and_with_changed_bytes_gives_a_state_or_an_error) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ALKALI_SOURCE_DIR) / "fuzz/corpus/checkpoint")) {
        const auto bytes = base::read_file(entry.path());
        ++files;
        const std::size_t step = std::max<std::size_t>(1, bytes.size() / 150);
        for (std::size_t at = 0; at <= bytes.size(); at += step) {
            EXPECT_NO_THROW(testing::feed_checkpoint(bytes.substr(0, at))) << entry.path() << " " << at;
            for (const char replacement : {'\0', '9', '-', '\xff'}) {
                auto changed = bytes;
                changed[std::min(at, bytes.size() - 1)] = replacement;
                EXPECT_NO_THROW(testing::feed_checkpoint(changed)) << entry.path() << " " << at;
            }
        }
    }
    EXPECT_GT(files, 1);
}

}  // namespace
}  // namespace alkali::training::state_tests
