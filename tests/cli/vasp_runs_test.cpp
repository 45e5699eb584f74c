// What every command makes of VASP's files and of folders that hold them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::vasp_runs_tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const fs::path cases = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/vasp";

class VaspRuns : public testing::Test {
protected:
    void copy(const std::string& name, const std::string& to) const {
        base::write_file(scratch_.path() / to, base::read_file(cases / name));
    }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }

    const Scratch scratch_;
};

TEST_F(VaspRuns, what_is_left_out_is_named_by_convert_info_and_check_alike) {
    for (const char* name :
         {"outcar-unconverged5.OUTCAR", "outcar-ml-hybrid.OUTCAR", "outcar-interrupted.OUTCAR", "truncated.vasprun.xml"}) {
        copy(name, name);
        const auto converted = alkali({"data", "convert", name, "-o", "out.extxyz"});
        EXPECT_EQ(converted.status, 0) << name << converted.all();
        EXPECT_THAT(converted.all(), AllOf(HasSubstr("2 frames written"), HasSubstr(name + std::string(", frame ")), HasSubstr("left out")))
            << name;
        const auto info = alkali({"info", name});
        EXPECT_THAT(info.all(), AllOf(HasSubstr("frames: 2"), HasSubstr("left out"))) << name;
        EXPECT_THAT(alkali({"data", "check", name}).all(), AllOf(HasSubstr("[left-out]"), HasSubstr("2 frames, 8 atoms"))) << name;
    }
}

TEST_F(VaspRuns, predictions_alone_are_refused) {
    const auto text = base::read_file(cases / "outcar-ml-hybrid.OUTCAR");
    base::write_file(scratch_.path() / "OUTCAR", text.substr(0, text.find("--------------------------------------- Iteration")));
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"data", "convert", "OUTCAR", "-o", "out.extxyz"}, {"info", "OUTCAR"}, {"data", "check", "OUTCAR"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 1) << command[0] << outcome.all();
        EXPECT_THAT(outcome.all(), HasSubstr("machine-learned")) << command[0];
    }
    EXPECT_FALSE(fs::exists(scratch_.path() / "out.extxyz"));
}

TEST_F(VaspRuns, convert_info_and_check_agree_on_folders) {
    for (const char* run : {"runs/a", "runs/b/c"})
        for (const char* name : {"vasprun.xml", "OUTCAR", "POSCAR"}) copy(std::string("run/") + name, std::string(run) + "/" + name);
    base::write_file(scratch_.path() / "runs/more.extxyz", good_frames());
    const auto converted = alkali({"data", "convert", "runs", "-o", "out.extxyz"});
    EXPECT_THAT(converted.all(), HasSubstr("4 frames written"));
    EXPECT_THAT(alkali({"info", "runs"}).all(), HasSubstr("frames: 4"));
    EXPECT_THAT(alkali({"data", "check", "runs"}).all(), HasSubstr("4 frames, "));
    EXPECT_THAT(alkali({"data", "convert", "runs/a", "-o", "one.extxyz"}).all(), HasSubstr("1 frames written"));
}

TEST_F(VaspRuns, select_counts_steps_as_messages_do) {
    copy("outcar-unconverged5.OUTCAR", "OUTCAR");
    base::write_file(scratch_.path() / "list", "OUTCAR 0 2\n");
    EXPECT_EQ(alkali({"data", "select", "list", ".", "-o", "out.extxyz"}).status, 0);
    base::write_file(scratch_.path() / "list", "OUTCAR 1\n");
    const auto outcome = alkali({"data", "select", "list", ".", "-o", "out.extxyz"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, HasSubstr("gives no frame 1"));
}

TEST_F(VaspRuns, a_damaged_step_stops_unless_asked_to_skip) {
    copy("outcar-isif1.OUTCAR", "OUTCAR");
    base::write_file(scratch_.path() / "OUTCAR", with(base::read_file(scratch_.path() / "OUTCAR"), "0.655826", "********"));
    const auto refused = alkali({"data", "convert", "OUTCAR", "-o", "out.extxyz"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.errors, HasSubstr("OUTCAR, frame 0"));
    const auto skipped = alkali({"data", "convert", "OUTCAR", "-o", "out.extxyz", "--skip-unreadable"});
    EXPECT_EQ(skipped.status, 0) << skipped.all();
    EXPECT_THAT(skipped.all(), AllOf(HasSubstr("2 frames written"), HasSubstr("frame 0: left out")));
}

}  // namespace
}  // namespace alkali::cli_test::vasp_runs_tests
