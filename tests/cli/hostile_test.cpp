// What no well-meaning user gives: threads beyond all measure, files that believe in sizes which no machine holds, names in other
// encodings. Each command is refused by a message of its own, soon and within little memory, or works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdlib>

#include "alkali/base/files.hpp"
#include "alkali/io/safetensors.hpp"
#include "program.hpp"

namespace alkali::cli_test::hostile_tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

TEST(Hostile, more_threads_than_the_machine_bears_are_refused_by_every_command) {
    const Scratch scratch;
    put_good_files(scratch.path());
    for (const char* number : {"100000", "2147483647", "-1"})
        for (const std::vector<std::string>& command : {std::vector<std::string>{"train", "config.yaml", "-o", "out"},
                                                        {"evaluate", "model.safetensors", "data.extxyz"},
                                                        {"predict", "model.safetensors", "data.extxyz", "-o", "out.extxyz"},
                                                        {"calibrate", "model.safetensors", "data.extxyz", "-o", "out.safetensors"},
                                                        {"relax", "model.safetensors", "data.extxyz", "-o", "out.extxyz"},
                                                        {"properties", "model.safetensors", "-o", "p"},
                                                        {"benchmark", "model.safetensors"}}) {
            auto words = command;
            words.insert(words.end(), {"--threads", number});
            const auto outcome = run(words, scratch.path());
            EXPECT_EQ(outcome.status, 2) << command[0] << outcome.all();
            EXPECT_THAT(outcome.errors, HasSubstr("--threads")) << command[0];
        }
    EXPECT_THAT(run({"train", "config.yaml", "-o", "out", "--threads", "100000"}, scratch.path()).errors, HasSubstr("this machine has"));
    EXPECT_EQ(scratch.content(), (std::vector<std::string>{"config.yaml", "data.extxyz", "model.safetensors"}));
}

/// The program under OMP_NUM_THREADS; words without anything that a shell would take for its own.
Outcome run_with_threads(const std::string& number, const std::vector<std::string>& words, const fs::path& folder) {
    std::string command = "cd " + folder.string() + " && OMP_NUM_THREADS=" + number + " " + ALKALI_PROGRAM;
    for (const auto& word : words) command += " " + word;
    const fs::path errors = folder.string() + ".err";
    const int status = std::system((command + " >/dev/null 2>" + errors.string()).c_str());
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", base::read_file(errors)};
    fs::remove(errors);
    return outcome;
}

TEST(Hostile, more_threads_of_the_environment_than_the_machine_bears_are_refused_by_every_command) {
    const Scratch scratch;
    put_good_files(scratch.path());
    for (const std::vector<std::string>& command : {std::vector<std::string>{"train", "config.yaml", "-o", "out"},
                                                    {"evaluate", "model.safetensors", "data.extxyz"},
                                                    {"info", "model.safetensors"},
                                                    {"data", "check", "data.extxyz"},
                                                    {"doctor"}}) {
        const auto outcome = run_with_threads("100000", command, scratch.path());
        EXPECT_EQ(outcome.status, 1) << command[0];
        EXPECT_THAT(outcome.errors, HasSubstr("OMP_NUM_THREADS: asks for 100000 threads")) << command[0];
    }
    EXPECT_EQ(run_with_threads("100000", {"--help"}, scratch.path()).status, 0);
    EXPECT_EQ(run_with_threads("3", {"info", "model.safetensors"}, scratch.path()).status, 0);
}

std::string model_with(const std::string& from, const std::string& to) {
    auto file = io::TensorFile::parse(good_model(), "model");
    auto& text = file.metadata.at("hyperparameters");
    text = with(text, from, to);
    return file.serialised();
}

TEST(Hostile, model_files_that_believe_in_sizes_are_refused_by_name_soon_and_within_little_memory) {
    const Scratch scratch;
    put_good_files(scratch.path());
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"\"num_layers\":2", "\"num_layers\":1000000"},
                                                          {"\"num_layers\":2", "\"num_layers\":60"},
                                                          {"\"r_max\":4.0", "\"r_max\":60"},
                                                          {"\"num_bessels\":4", "\"num_bessels\":1000000"},
                                                          {"\"num_bessels\":4", "\"num_bessels\":1000"},
                                                          {"\"num_features\":[4,4]", "\"num_features\":[1000000000,1000000000]"},
                                                          {"\"num_features\":[4,4]", "\"num_features\":1000000000"},
                                                          {"\"num_features\":[4,4]", "\"num_features\":[8000,8000]"},
                                                          {"\"type_names\":[\"Li\"]", "\"type_names\":" + std::string(100000, '[')}}) {
        base::write_file(scratch.path() / "bad.safetensors", model_with(from, to));
        for (const std::vector<std::string>& command : {std::vector<std::string>{"info", "bad.safetensors"},
                                                        {"evaluate", "bad.safetensors", "data.extxyz"},
                                                        {"evaluate", "model.safetensors,bad.safetensors", "data.extxyz"}}) {
            const auto outcome = run(command, scratch.path());
            EXPECT_EQ(outcome.status, 1) << to.substr(0, 40);
            EXPECT_THAT(outcome.errors, HasSubstr("bad.safetensors")) << to.substr(0, 40);
            EXPECT_THAT(outcome.errors, Not(HasSubstr("out of memory")));
            EXPECT_LT(outcome.errors.size(), 2000U);
        }
    }
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    EXPECT_LT(usage.ru_maxrss, 1500000) << "kB of the largest child so far";
}

TEST(Hostile, training_configs_of_models_that_no_machine_holds_are_refused_by_their_file) {
    const Scratch scratch;
    put_good_files(scratch.path());
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"num_layers: 2", "num_layers: 1000000"},
                                                          {"r_max: 4.0", "r_max: 60"},
                                                          {"num_bessels: 4", "num_bessels: 1000000"},
                                                          {"num_features: 4", "num_features: 1000000000"},
                                                          {"num_features: 4", "num_features: 18446744073709551616"},
                                                          {"num_features: 4", "num_features: 8192"}}) {
        auto config = with(good_config(), from, to);
        if (to.ends_with("8192")) config = with(with(config, "num_layers: 2", "num_layers: 64"), "l_max: 1", "l_max: 4");
        base::write_file(scratch.path() / "bad.yaml", config);
        const auto outcome = run({"train", "bad.yaml", "-o", "out"}, scratch.path());
        EXPECT_EQ(outcome.status, 1) << to;
        EXPECT_THAT(outcome.errors, HasSubstr("bad.yaml")) << to;
        EXPECT_FALSE(fs::exists(scratch.path() / "out")) << to;
    }
}

TEST(Hostile, json_configs_with_a_key_given_twice_or_beyond_all_depth_are_refused) {
    const Scratch scratch;
    put_good_files(scratch.path());
    base::write_file(scratch.path() / "twice.json",
                     R"({"model": {"type": "nequip", "r_max": 4, "r_max": 5}, "data": {"train": "data.extxyz"}})");
    base::write_file(scratch.path() / "deep.json", R"({"model": )" + std::string(1000000, '['));
    base::write_file(scratch.path() / "run" / "records.json", R"({"schema": 1, "records": )" + std::string(1000000, '['));
    EXPECT_THAT(run({"train", "twice.json", "-o", "out"}, scratch.path()).errors,
                AllOf(HasSubstr("twice.json"), HasSubstr("'r_max' twice")));
    EXPECT_THAT(run({"train", "deep.json", "-o", "out"}, scratch.path()).errors, AllOf(HasSubstr("deep.json"), HasSubstr("levels")));
    EXPECT_THAT(run({"import", "deep.json", "-o", "out.safetensors"}, scratch.path()).errors, HasSubstr("deep.json"));
    EXPECT_THAT(run({"report", "run", "-o", "out.html"}, scratch.path()).errors, AllOf(HasSubstr("records.json"), HasSubstr("levels")));
}

// The bytes of Latin-1: names that are no UTF-8 are legal on every Unix.
TEST(Hostile, names_that_are_not_utf8_work_in_every_command_to_its_end) {
    const Scratch scratch;
    const std::string odd = "caf\xe9\xff";
    const fs::path folder = scratch.path() / odd;
    put_good_files(folder);
    fs::rename(folder / "config.yaml", folder / (odd + ".yaml"));
    fs::rename(folder / "data.extxyz", folder / (odd + ".extxyz"));
    base::write_file(folder / "data.extxyz", good_frames());
    fs::rename(folder / "model.safetensors", folder / (odd + ".safetensors"));
    const std::string data = odd + "/" + odd + ".extxyz", model = odd + "/" + odd + ".safetensors";
    base::write_file(scratch.path() / "data.extxyz", good_frames());
    base::write_file(folder / "model.yaml", base::read_file(ALKALI_SOURCE_DIR "/fuzz/corpus/deepmd-model/seed_se_a.yaml"));
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"train", odd + "/" + odd + ".yaml", "-o", odd + "/run"},
          {"train", odd + "/" + odd + ".yaml", "-o", odd + "/run", "--restart"},
          {"train", odd + "/" + odd + ".yaml", "-o", odd + "/committee", "--committee", "2"},
          {"info", model},
          {"info", model, "--json", odd + "/info.json"},
          {"info", data, "--json", odd + "/info.json"},
          {"data", "check", data, "--json", odd + "/check.json"},
          {"data", "split", data, "--test", "0.5", "-o", odd + "/split"},
          {"evaluate", odd + "/run/best.safetensors", data, "--json", odd + "/evaluation.json"},
          {"evaluate", model, data, "-o", odd + "/results"},
          {"predict", model, data, "-o", odd + "/" + odd + "_out.extxyz"},
          {"data", "convert", data, "-o", odd + "/" + odd + "_converted.extxyz"},
          {"import", odd + "/model.yaml", "-o", odd + "/imported.safetensors"},
          {"info", odd + "/imported.safetensors"},
          {"relax", model, data, "-o", odd + "/relaxed.extxyz", "--steps", "2", "--json"},
          {"calibrate", model, data, "-o", odd + "/calibrated.safetensors"},
          {"benchmark", model, "--atoms", "54", "--seconds", "0.01", "--repeat", "1", "--json", odd + "/speed.json"},
          {"report", odd + "/run", odd + "/results", "-o", odd + "/report.html"}}) {
        const auto outcome = run(command, scratch.path());
        EXPECT_THAT(outcome.all(), Not(AnyOf(HasSubstr("json.exception"), HasSubstr("unexpected failure"), HasSubstr("UTF-8"))))
            << command[0];
        if (command[0] != "relax" && command[0] != "calibrate") {
            EXPECT_EQ(outcome.status, 0) << command[0] << "\n" << outcome.all();
        }
    }
    EXPECT_TRUE(fs::exists(folder / "run" / "best.safetensors"));
    EXPECT_TRUE(fs::exists(folder / "committee" / "member_2" / "best.safetensors"));
    EXPECT_TRUE(fs::exists(folder / "report.html"));
}

}  // namespace
}  // namespace alkali::cli_test::hostile_tests
