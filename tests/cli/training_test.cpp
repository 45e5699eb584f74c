// `alkali train` as users run it: what it says at the end, committees under a time limit, threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <sstream>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::training_tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class Training : public ::testing::Test {
protected:
    void SetUp() override { write("data.extxyz", good_frames()); }
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] std::string read(const std::string& name) const { return base::read_file(scratch_.path() / name); }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }
    /// What the program says on standard error under a shell's environment.
    [[nodiscard]] std::string under(const std::string& environment, const std::string& arguments) const {
        const std::string command = "cd " + scratch_.path().string() + " && env -u OMP_NUM_THREADS -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT " +
                                    environment + " " ALKALI_PROGRAM " " + arguments + " > said 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0) << read("said");
        return read("said");
    }
    const Scratch scratch_;
};

/// The number behind a name at the beginning of a line.
double number_after(const std::string& text, const std::string& name) {
    std::smatch found;
    EXPECT_TRUE(std::regex_search(text, found, std::regex(name + "\\s+([-+.e0-9]+)"))) << name << " in " << text;
    return found.empty() ? 0 : std::stod(found[1]);
}

TEST_F(Training, last_lines_are_the_errors_of_the_best_model) {
    write("train.yaml",
          with(with(good_config(), "max_epochs: 2", "max_epochs: 60\n  ema_decay: 0\n  lr_schedule: constant"), "lr: 0.01", "lr: 0.1"));
    const auto trained = alkali({"train", "train.yaml", "-o", "out"});
    ASSERT_EQ(trained.status, 0) << trained.errors;
    ASSERT_LT(number_after(trained.output, "best: epoch"), 60) << "the last epoch is the best: the test says nothing";
    const auto evaluated = alkali({"evaluate", "out/best.safetensors", "data.extxyz"});
    for (const char* name : {"energy_rmse", "force_rmse", "stress_rmse"})
        EXPECT_NEAR(number_after(trained.output, std::string("validation ") + name + ":"), number_after(evaluated.output, name),
                    2e-3 * number_after(evaluated.output, name))
            << name;
}

TEST_F(Training, without_validation_frames_the_last_lines_say_so) {
    write("train.yaml", with(good_config(), "validation: data.extxyz", "validation: 0"));
    const auto trained = alkali({"train", "train.yaml", "-o", "out"});
    EXPECT_THAT(trained.output, HasSubstr("training energy_rmse:"));
    EXPECT_THAT(trained.output, Not(HasSubstr("validation")));
}

TEST_F(Training, committee_says_that_a_time_limit_is_for_each_member) {
    write("train.yaml", with(good_config(), "max_epochs: 2", "max_epochs: 2\n  max_seconds: 30\n  max_cpu_seconds: 20"));
    const auto trained = alkali({"train", "train.yaml", "-o", "out", "--committee", "3"});
    ASSERT_EQ(trained.status, 0) << trained.errors;
    EXPECT_THAT(trained.errors, HasSubstr("training.max_seconds: 30 s for each of the 3 members, 90 s for the committee"));
    EXPECT_THAT(trained.errors, HasSubstr("training.max_cpu_seconds: 20 s for each of the 3 members, 60 s for the committee"));
    // Progress is that of the whole: complete once, at the end of the last member.
    EXPECT_THAT(trained.errors, HasSubstr("training 100%  member 3 of 3"));
    EXPECT_THAT(trained.errors, Not(HasSubstr("100%  member 1")));
}

TEST_F(Training, threads_that_wait_fall_asleep_soon) {
    const std::string seen = under("OMP_DISPLAY_ENV=verbose", "--version");
    EXPECT_NE(seen.rfind("GOMP_SPINCOUNT = '1000'"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("GOMP_SPINCOUNT = '", seen.rfind("GOMP_SPINCOUNT = '1000'") + 1), std::string::npos) << seen;
}

TEST_F(Training, how_threads_wait_is_left_to_an_environment_that_says_so) {
    EXPECT_THAT(under("OMP_DISPLAY_ENV=verbose GOMP_SPINCOUNT=77", "--version"), Not(HasSubstr("'1000'")));
    EXPECT_THAT(under("OMP_DISPLAY_ENV=verbose OMP_WAIT_POLICY=active", "--version"), Not(HasSubstr("'1000'")));
}

TEST_F(Training, chosen_threads_change_no_bit) {
    write("train.yaml", with(good_config(), "max_epochs: 2", "max_epochs: 12"));
    static_cast<void>(under("", "train train.yaml -o chosen"));
    ASSERT_EQ(alkali({"train", "train.yaml", "-o", "one"}).status, 0);
    const auto weights = [&](const std::string& run) {
        const std::string file = read(run + "/best.safetensors");
        return file.substr(file.size() - 1000);  // behind the header, which tells the command
    };
    EXPECT_EQ(weights("chosen"), weights("one"));
}

TEST_F(Training, chosen_threads_change_no_bit_of_a_prediction) {
    std::string frames;
    for (int k = 0; k < 15; ++k) frames += good_frames();
    write("many.extxyz", frames);
    write("train.yaml", good_config());
    ASSERT_EQ(alkali({"train", "train.yaml", "-o", "c", "--init-only", "--committee", "2"}).status, 0);
    for (const std::string model : {"c/member_1/init.safetensors", "c/member_1/init.safetensors,c/member_2/init.safetensors"}) {
        static_cast<void>(under("", "predict " + model + " many.extxyz -o chosen.extxyz"));
        ASSERT_EQ(alkali({"predict", model, "many.extxyz", "-o", "one.extxyz"}).status, 0);
        EXPECT_EQ(read("chosen.extxyz"), read("one.extxyz"));
    }
}

}  // namespace
}  // namespace alkali::cli_test::training_tests
