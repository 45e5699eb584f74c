// Models that are damaged, given twice or taught nothing, as users meet them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/files.hpp"
#include "alkali/io/safetensors.hpp"
#include "program.hpp"

namespace alkali::cli_test::models_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Models : public ::testing::Test {
protected:
    void SetUp() override { put_good_files(scratch_.path()); }
    [[nodiscard]] fs::path path(const std::string& name) const { return scratch_.path() / name; }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }
    /// Frames enough for a calibration: the good ones several times.
    void write_many() const {
        std::string text;
        for (int k = 0; k < 3; ++k) text += good_frames();
        base::write_file(path("many.extxyz"), text);
    }
    const Scratch scratch_;
};

TEST_F(Models, whose_forces_are_no_numbers_are_refused_by_every_command_and_nothing_is_written) {
    auto file = io::TensorFile::load(path("model.safetensors"));
    for (double& scale : file.tensors.at("scales").values) scale = 1e307;
    file.save(path("broken.safetensors"));
    write_many();
    for (const auto& command :
         std::vector<std::vector<std::string>>{{"predict", "broken.safetensors", "data.extxyz", "-o", "p.extxyz"},
                                               {"evaluate", "broken.safetensors", "data.extxyz", "--json", "p.json"},
                                               {"evaluate", "broken.safetensors,model.safetensors", "data.extxyz"},
                                               {"relax", "broken.safetensors", "data.extxyz", "-o", "p.extxyz"},
                                               {"calibrate", "broken.safetensors", "many.extxyz", "-o", "p.safetensors"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 1) << command[0] << outcome.all();
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("no finite number"), HasSubstr("frame"))) << command[0];
        EXPECT_THAT(outcome.output, Not(HasSubstr("nan"))) << command[0];
    }
    for (const char* name : {"p.extxyz", "p.json", "p.safetensors"}) EXPECT_FALSE(fs::exists(path(name))) << name;
}

TEST_F(Models, given_twice_are_no_committee) {
    fs::create_symlink("model.safetensors", path("link.safetensors"));
    for (const auto& command :
         std::vector<std::vector<std::string>>{{"predict", "model.safetensors,./model.safetensors", "data.extxyz", "-o", "p.extxyz"},
                                               {"evaluate", "model.safetensors", "data.extxyz", "--member", "link.safetensors"},
                                               {"properties", "model.safetensors,link.safetensors", "--only", "lattice", "-o", "p"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 1) << command[0];
        EXPECT_THAT(outcome.errors, HasSubstr("is the same file as")) << command[0];
    }
    fs::copy_file(path("model.safetensors"), path("copy.safetensors"));
    const auto copied = alkali({"predict", "model.safetensors,copy.safetensors", "data.extxyz", "-o", "p.extxyz"});
    EXPECT_THAT(copied.errors, AllOf(HasSubstr("warning"), HasSubstr("copy.safetensors: is the same model as model.safetensors")));
}

TEST_F(Models, of_a_committee_that_its_seeds_do_not_tell_apart_are_not_trained) {
    base::write_file(path("same.yaml"), with(good_config(), "batch_size: 1", "batch_size: 100\n  init_from: model.safetensors"));
    const auto outcome = alkali({"train", "same.yaml", "-o", "c", "--committee", "3"});
    EXPECT_EQ(outcome.status, 1) << outcome.all();
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("training.batch_size"), HasSubstr("the same model"), HasSubstr("training.init_from")));
    EXPECT_FALSE(fs::exists(path("c/member_1/config.yaml")));
    base::write_file(path("other.yaml"), with(good_config(), "batch_size: 1", "batch_size: 1\n  init_from: model.safetensors"));
    EXPECT_EQ(alkali({"train", "other.yaml", "-o", "d", "--committee", "2"}).status, 0);
    // What nothing can move: no order of frames matters either.
    base::write_file(path("still.yaml"),
                     with(good_config(), "batch_size: 1\n  lr: 0.01", "batch_size: 1\n  lr: 1e-300\n  init_from: model.safetensors"));
    const auto still = alkali({"train", "still.yaml", "-o", "e", "--committee", "3"});
    EXPECT_EQ(still.status, 1) << still.all();
    EXPECT_THAT(still.errors, HasSubstr("is the same model as e/member_1/best.safetensors"));
    EXPECT_FALSE(fs::exists(path("e/member_3/best.safetensors")));
}

TEST_F(Models, are_not_calibrated_by_what_teaches_nothing) {
    write_many();
    ASSERT_EQ(alkali({"predict", "model.safetensors", "many.extxyz", "-o", "own.extxyz"}).status, 0);
    fs::copy_file(path("model.safetensors"), path("copy.safetensors"));
    const auto own = alkali({"calibrate", "model.safetensors", "own.extxyz", "-o", "c.safetensors"});
    EXPECT_EQ(own.status, 1);
    EXPECT_THAT(own.errors, HasSubstr("nothing to learn"));
    const auto twice = alkali(
        {"calibrate", "model.safetensors", "many.extxyz", "-o", "c.safetensors", "--committee", "model.safetensors,copy.safetensors"});
    EXPECT_EQ(twice.status, 1);
    EXPECT_THAT(twice.errors, HasSubstr("nothing to learn"));
    EXPECT_FALSE(fs::exists(path("c.safetensors")));
}

TEST_F(Models, are_not_evaluated_by_labels_whose_errors_are_beyond_all_numbers) {
    base::write_file(path("huge.extxyz"), with(good_frames(), "energy=-42.1 free_energy=-42.1", "energy=1e200"));
    const auto outcome = alkali({"evaluate", "model.safetensors", "huge.extxyz", "--json", "p.json"});
    EXPECT_EQ(outcome.status, 1) << outcome.all();
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("huge.extxyz, frame"), HasSubstr("energy")));
    EXPECT_FALSE(fs::exists(path("p.json")));
}

TEST_F(Models, are_not_run_on_a_stack_that_is_too_small) {
    for (const char* variable : {"OMP_STACKSIZE=16k", "OMP_STACKSIZE=64", "GOMP_STACKSIZE=64k", "OMP_STACKSIZE=255K"}) {
        const auto outcome = run({"predict", "model.safetensors", "data.extxyz", "-o", "p.extxyz", "--threads", "2"}, scratch_.path(),
                                 {.threads = "2", .variables = {variable}});
        EXPECT_EQ(outcome.status, 1) << variable;
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("STACKSIZE"), HasSubstr("256 kB"))) << variable;
    }
    EXPECT_EQ(run({"predict", "model.safetensors", "data.extxyz", "-o", "p.extxyz"}, scratch_.path(),
                  {.threads = "2", .variables = {"OMP_STACKSIZE=256k"}})
                  .status,
              0);
}

TEST_F(Models, are_not_asked_for_properties_by_steps_that_drown_in_rounding) {
    for (const char* setting :
         {"elastic.strain=1e-300", "elastic.energy_range=1e-9", "equation_of_state.range=1e-12", "vacancy.fmax=1e300"}) {
        const auto outcome = alkali({"properties", "model.safetensors", "--only", "elastic", "--set", setting, "-o", "p"});
        EXPECT_EQ(outcome.status, 1) << setting;
        EXPECT_THAT(outcome.errors, HasSubstr(std::string(setting).substr(0, std::string(setting).find('=')))) << setting;
    }
}

}  // namespace
}  // namespace alkali::cli_test::models_tests
