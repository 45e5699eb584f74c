// What the commands do with labels that are doubtful, weighted or in other units.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::labels_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Labels : public testing::Test {
protected:
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] std::string read(const std::string& name) const { return base::read_file(scratch_.path() / name); }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }
    [[nodiscard]] static std::string sample(const std::string& name) {
        return (std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/extxyz" / name).string();
    }
    [[nodiscard]] Outcome train_on(const std::string& frames) const {
        write("data.extxyz", frames);
        write("config.yaml", good_config());
        return alkali({"train", "config.yaml", "--init-only", "-o", "out"});
    }

    const Scratch scratch_;
};

std::string twice(std::string text, const std::string& from, const std::string& to) {
    return with(with(std::move(text), from, to), from, to);
}

TEST_F(Labels, of_two_sets_that_differ_are_named_by_every_command_and_never_trained_on) {
    const auto checked = alkali({"data", "check", sample("two_labels.xyz")});
    EXPECT_EQ(checked.status, 1);
    EXPECT_THAT(checked.all(), AllOf(HasSubstr("two_labels.xyz, frame 0"), HasSubstr("REF_energy="), HasSubstr("--energy-key")));
    const auto info = alkali({"info", sample("two_labels.xyz")});
    EXPECT_EQ(info.status, 0);
    EXPECT_THAT(info.all(), AllOf(HasSubstr("warning"), HasSubstr("REF_energy=")));
    const auto trained = train_on(with(good_frames(), "config_type=bulk", "REF_energy=-41.0 config_type=bulk"));
    EXPECT_EQ(trained.status, 1);
    EXPECT_THAT(trained.errors,
                AllOf(HasSubstr("data.extxyz, frame 0"), HasSubstr("free_energy= and REF_energy= differ"), HasSubstr("energy_key")));
    const auto chosen = alkali(
        {"data", "convert", sample("two_labels.xyz"), "-o", "out.extxyz", "--energy-key", "REF_energy", "--forces-key", "REF_forces"});
    EXPECT_EQ(chosen.status, 0);
    EXPECT_THAT(chosen.errors, Not(HasSubstr("differ")));
    EXPECT_THAT(read("out.extxyz"), AllOf(HasSubstr(" energy=-3.8"), HasSubstr("0.1 0.2 -0.3")));
}

TEST_F(Labels, in_another_unit_or_sign_are_named_by_training) {
    const auto bar = train_on(with(good_frames(), "stress=\"0.001", "stress=\"1602.1"));
    EXPECT_EQ(bar.status, 1);
    EXPECT_THAT(bar.errors, AllOf(HasSubstr("data.extxyz, frame 0"), HasSubstr("beyond 10 eV/angstrom^3")));
    const auto both = train_on(with(good_frames(), "config_type=bulk", "config_type=bulk virial=\"0.08 0 0 0 0.08 0 0 0 0.08\""));
    EXPECT_EQ(both.status, 1);
    EXPECT_THAT(both.errors, HasSubstr("contradict"));
}

TEST_F(Labels, of_weight_zero_are_left_out_of_a_training_that_demands_all_labels) {
    const auto outcome =
        train_on(with(good_frames(), "energy=-42.1 free_energy=-42.1", "energy=0 config_energy_weight=0 config_stress_weight=0"));
    EXPECT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_THAT(outcome.all(), HasSubstr("1 frames give energy no weight"));
}

TEST_F(Labels, whose_shear_was_never_written_are_named_by_training) {
    auto frames = twice(good_frames(), "Li 1.7", "Li 1.8");
    frames = with(frames, "Li 0.0 0.0 3.4", "Li 0.3 0.1 3.3");
    const auto outcome = train_on(frames);
    EXPECT_THAT(outcome.errors,
                AllOf(HasSubstr("warning"), HasSubstr("data.extxyz, frame 0"), HasSubstr("only the diagonal was labelled")));
}

TEST_F(Labels, and_columns_survive_a_conversion_and_a_prediction) {
    const auto converted = alkali({"data", "convert", sample("columns.xyz"), "-o", "out.extxyz"});
    ASSERT_EQ(converted.status, 0) << converted.all();
    EXPECT_THAT(read("out.extxyz"), AllOf(HasSubstr("magmoms:R:1:tags:I:1"), HasSubstr(" 1.5 7\n")));
    write("model.safetensors", good_model());
    const auto predicted = alkali({"predict", "model.safetensors", sample("columns.xyz"), "-o", "predicted.extxyz"});
    ASSERT_EQ(predicted.status, 0) << predicted.all();
    EXPECT_THAT(read("predicted.extxyz"), AllOf(HasSubstr("magmoms:R:1:tags:I:1"), HasSubstr(" 1.5 7\n"), Not(HasSubstr("energy=-3.8 "))));
    const auto lost = alkali({"data", "convert", sample("columns.xyz"), "-o", "folder/"});
    ASSERT_EQ(lost.status, 0) << lost.all();
    EXPECT_THAT(lost.errors, AllOf(HasSubstr("warning"), HasSubstr("magmoms, tags")));
    const auto open = alkali({"data", "convert", sample("open_stress.xyz"), "-o", "open/"});
    ASSERT_EQ(open.status, 0) << open.all();
    EXPECT_THAT(open.errors, AllOf(HasSubstr("stress 1"), HasSubstr("weights"), HasSubstr("config_type")));
}

}  // namespace
}  // namespace alkali::cli_test::labels_tests
