// What every option of a kind does, whatever the command: numbers, names of files, what an option cannot change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "program.hpp"

namespace alkali::cli_test::options_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

const std::string kim = "kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000";

struct NumberOption {
    Words command;
    std::string option;
    bool whole;
};
void PrintTo(const NumberOption& number, std::ostream* out) { *out << number.command[0] << " " << number.option; }

class Number : public testing::TestWithParam<NumberOption> {};

TEST_P(Number, is_decimal_complete_finite_and_does_not_wrap) {
    const Scratch scratch;
    Words wrong = {"nan", "inf", "-inf", "0x10", "5x", "", "1e", "1_000", "five", "1 2", "1e400", "99999999999999999999999"};
    if (GetParam().whole) wrong.insert(wrong.end(), {"-5", "-18446744073709551514", "1.5", "1e3", "18446744073709551616"});
    for (const auto& word : wrong) {
        if (!GetParam().whole && word.starts_with("9999")) continue;
        auto words = GetParam().command;
        words.push_back(GetParam().option + "=" + word);
        const auto outcome = run(words, scratch.path());
        EXPECT_EQ(outcome.status, 2) << GetParam().option << "=" << word << ": " << outcome.all();
        EXPECT_THAT(outcome.errors, HasSubstr(GetParam().option.substr(2))) << word;
        const bool itself = word.find("18446744073709551") != std::string::npos;
        EXPECT_TRUE(itself || outcome.errors.find("18446744073709551") == std::string::npos) << word << " as it wraps";
    }
}

INSTANTIATE_TEST_SUITE_P(
    Option, Number,
    testing::Values(
        NumberOption{{"benchmark", "m"}, "--atoms", true}, NumberOption{{"benchmark", "m"}, "--threads", true},
        NumberOption{{"benchmark", "m"}, "--seconds", false}, NumberOption{{"benchmark", "m"}, "--repeat", true},
        NumberOption{{"data", "check", "d"}, "--show", true}, NumberOption{{"data", "check", "d"}, "--force-sum", false},
        NumberOption{{"data", "check", "d"}, "--large-force", false}, NumberOption{{"data", "check", "d"}, "--energy-deviation", false},
        NumberOption{{"data", "split", "d", "-o", "p"}, "--seed", true},
        NumberOption{{"data", "split", "d", "-o", "p"}, "--fraction", false},
        NumberOption{{"data", "split", "d", "-o", "p"}, "--test", false}, NumberOption{{"evaluate", "m", "d"}, "--parity-points", true},
        NumberOption{{"evaluate", "m", "d"}, "--threads", true},
        NumberOption{{"label", "pseudopotential", "i"}, "--largest-difference", false},
        NumberOption{{"label", "task", "c", "--list", "l"}, "--index", true}, NumberOption{{"precision", "m"}, "--nve-ps", false},
        NumberOption{{"precision", "m"}, "--settle-ps", false}, NumberOption{{"precision", "m"}, "--a0", false},
        NumberOption{{"precision", "m"}, "--dt", false}, NumberOption{{"precision", "m"}, "--temperature", false},
        NumberOption{{"precision", "m"}, "--atoms", true}, NumberOption{{"precision", "m"}, "--points", true},
        NumberOption{{"precision", "m"}, "--path-atoms", true}, NumberOption{{"precision", "m"}, "--nve-atoms", true},
        NumberOption{{"precision", "m"}, "--motions", true}, NumberOption{{"precision", "m"}, "--seed", true},
        NumberOption{{"precision", "m"}, "--threads", true}, NumberOption{{"predict", "m", "d", "-o", "o.extxyz"}, "--threads", true},
        NumberOption{{"properties", "m"}, "--threads", true}, NumberOption{{"relax", "m", "d", "-o", "o.extxyz"}, "--fmax", false},
        NumberOption{{"relax", "m", "d", "-o", "o.extxyz"}, "--smax", false},
        NumberOption{{"relax", "m", "d", "-o", "o.extxyz", "--cell"}, "--pressure", false},
        NumberOption{{"relax", "m", "d", "-o", "o.extxyz"}, "--steps", true},
        NumberOption{{"relax", "m", "d", "-o", "o.extxyz"}, "--threads", true},
        NumberOption{{"calibrate", "m", "d", "-o", "o"}, "--threads", true}, NumberOption{{"train", "c"}, "--committee", true},
        NumberOption{{"train", "c"}, "--threads", true}),
    [](const auto& info) {
        std::string name = info.param.command[0] + "_" + info.param.option.substr(2);
        for (char& c : name)
            if (c == '-') c = '_';
        return name;
    });

class Options : public testing::Test {
protected:
    void SetUp() override { put_good_files(scratch_.path()); }
    [[nodiscard]] Outcome alkali(const Words& words, const Surroundings& surroundings = {}) const {
        return run(words, scratch_.path(), surroundings);
    }
    [[nodiscard]] std::string read(const std::string& name) const { return base::read_file(scratch_.path() / name); }
    void write(const std::string& name, const std::string& text) const { base::write_file(scratch_.path() / name, text); }

    const Scratch scratch_;
};

TEST_F(Options, numbers_with_zeros_in_front_are_decimal) {
    ASSERT_EQ(
        alkali({"relax", "model.safetensors", "data.extxyz", "-o", "o.extxyz", "--steps", "010", "--fmax", "+1e-30", "--json"}).status, 1);
    const auto ten = alkali({"relax", "model.safetensors", "data.extxyz", "-o", "o.extxyz", "--steps", "10", "--fmax", "1e-30"});
    const auto with_zero = alkali({"relax", "model.safetensors", "data.extxyz", "-o", "o.extxyz", "--steps", "010", "--fmax", "1e-30"});
    EXPECT_EQ(ten.output, with_zero.output);
    write("list.txt", "data.extxyz -1\n");
    EXPECT_THAT(alkali({"data", "select", "list.txt", ".", "-o", "o.extxyz"}).errors,
                AllOf(HasSubstr("line 1"), Not(HasSubstr("1844674407"))));
}

TEST_F(Options, times_of_too_many_steps_are_told_in_steps) {
    for (const Words& words :
         {Words{"--nve-ps", "1e15"}, Words{"--nve-ps", "1e300"}, Words{"--settle-ps", "1e200"}, Words{"--dt", "1e-200"}}) {
        Words all = {"precision", "model.safetensors", "--skip", "tables,path,vacancy", "--a0", "3.4"};
        all.insert(all.end(), words.begin(), words.end());
        const auto outcome = alkali(all);
        EXPECT_EQ(outcome.status, 1) << words[0];
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("steps"), HasSubstr("ask for a shorter time"), Not(HasSubstr("out of memory")),
                                          Not(HasSubstr("-9223372036854775808"))));
    }
}

TEST_F(Options, a_precision_is_refused_where_there_is_no_choice) {
    for (const char* precision : {"float32", "banana"})
        for (const Words& words : {Words{"benchmark", kim}, Words{"predict", kim, "data.extxyz", "-o", "o.extxyz"},
                                   Words{"relax", kim, "data.extxyz", "-o", "o.extxyz"}, Words{"properties", kim},
                                   Words{"evaluate", kim, "data.extxyz"}, Words{"evaluate", "qe:config.yaml", "data.extxyz"}}) {
            auto all = words;
            all.insert(all.end(), {"--precision", precision});
            const auto outcome = alkali(all);
            EXPECT_NE(outcome.status, 0) << words[0];
            EXPECT_THAT(outcome.errors, AnyOf(HasSubstr("float64 alone"), HasSubstr("no choice of precision"))) << words[0];
        }
}

TEST_F(Options, names_of_files_are_not_empty) {
    for (const Words& words :
         {Words{"report", ".", "-o", ""}, Words{"report", ""}, Words{"evaluate", "", "data.extxyz"}, Words{"info", ""},
          Words{"train", "config.yaml", "-o", ""}, Words{"label", "pseudopotential", "x", "-o", ""},
          Words{"properties", "model.safetensors", "-o", ""}, Words{"predict", "model.safetensors", "data.extxyz", "-o", ""},
          Words{"data", "split", "data.extxyz", "-o", ""}, Words{"evaluate", "model.safetensors", "data.extxyz", "--json", ""}}) {
        const auto outcome = alkali(words);
        EXPECT_EQ(outcome.status, 2) << words[0];
        EXPECT_THAT(outcome.errors, HasSubstr("the name is empty")) << words[0];
    }
    for (const char* calculator : {"qe:", "kim:"})
        EXPECT_THAT(alkali({"properties", calculator}).errors, AllOf(HasSubstr("names no calculator"), HasSubstr(calculator)));
}

TEST_F(Options, of_a_command_before_it_are_named) {
    const auto outcome = alkali({"--threads", "1", "doctor"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("--threads"), HasSubstr("behind"), Not(HasSubstr("'1'"))));
}

TEST_F(Options, of_formats_are_checked_whatever_the_format) {
    for (const Words& option : {Words{"--atom-style", "banana"}, Words{"--type-names", "banana"}, Words{"--type-names", "Li,banana"}}) {
        Words words = {"info", "data.extxyz"};
        words.insert(words.end(), option.begin(), option.end());
        const auto outcome = alkali(words);
        EXPECT_EQ(outcome.status, 2) << option[1];
        EXPECT_THAT(outcome.errors, HasSubstr("banana"));
    }
    EXPECT_EQ(alkali({"data", "convert", "data.extxyz", "-o", "o.data", "--write-type-names", "banana"}).status, 2);
    EXPECT_EQ(alkali({"info", "data.extxyz", "--atom-style", "charge", "--type-names", "Li"}).status, 0);
}

TEST_F(Options, of_the_cell_need_a_free_cell) {
    for (const Words& option : {Words{"--pressure", "5"}, Words{"--smax", "1"}, Words{"--cell-freedom", "shape"}})
        for (const Words& cell : {Words{}, Words{"--cell=false"}}) {
            Words words = {"relax", "model.safetensors", "data.extxyz", "-o", "o.extxyz"};
            words.insert(words.end(), option.begin(), option.end());
            words.insert(words.end(), cell.begin(), cell.end());
            const auto outcome = alkali(words);
            EXPECT_EQ(outcome.status, 2) << option[0];
            EXPECT_THAT(outcome.errors, AllOf(HasSubstr(option[0]), HasSubstr("--cell")));
        }
}

TEST_F(Options, of_a_split_that_groups_by_name_decide_are_refused) {
    for (const Words& option : {Words{"--fraction", "0.5"}, Words{"--by", "none"}}) {
        Words words = {"data", "split", "data.extxyz", "-o", "p", "--hold", "bulk"};
        words.insert(words.end(), option.begin(), option.end());
        EXPECT_EQ(alkali(words).status, 2) << option[0];
    }
}

TEST_F(Options, committee_of_evaluate_that_has_nothing_to_compare_with_is_told) {
    std::filesystem::copy(scratch_.path() / "model.safetensors", scratch_.path() / "copy.safetensors");
    const auto outcome = alkali({"evaluate", "model.safetensors", "data.extxyz", "--committee", "model.safetensors,copy.safetensors"});
    EXPECT_THAT(outcome.errors, HasSubstr("no expected errors")) << outcome.errors;
}

// --- labels of other calculators

std::string with_bars() {
    return with(
        with(good_frames(), "energy=-42.1", "energy_std=0.5 max_devi_f=3 geometry_converged=T labelled_by=\"alkali 0\" energy=-42.1"),
        "forces:R:3 config_type=bulk energy_std", "forces:R:3 config_type=bulk energy_std");
}

TEST_F(Options, relax_and_predict_forget_what_was_said_of_other_labels) {
    write("bars.extxyz", with_bars());
    ASSERT_EQ(alkali({"relax", "model.safetensors", "bars.extxyz", "-o", "relaxed.extxyz", "--fmax", "100"}).status, 0);
    EXPECT_THAT(read("relaxed.extxyz"), AllOf(Not(HasSubstr("energy_std")), Not(HasSubstr("max_devi_f")), Not(HasSubstr("labelled_by"))));
    ASSERT_EQ(alkali({"predict", "model.safetensors", "bars.extxyz", "-o", "predicted.extxyz"}).status, 0);
    EXPECT_THAT(read("predicted.extxyz"),
                AllOf(Not(HasSubstr("geometry_converged")), Not(HasSubstr("energy_std")), HasSubstr("config_type=bulk")));
}

// --- relax

TEST_F(Options, relax_says_in_json_what_stress_there_is_and_what_is_left_to_relax) {
    const Words words = {"relax", "model.safetensors", "data.extxyz", "-o", "o.extxyz", "--fmax", "100", "--json"};
    const auto fixed = nlohmann::json::parse(alkali(words).output).at(0);
    EXPECT_TRUE(fixed.at("max_stress_gpa").is_null());
    ASSERT_EQ(fixed.at("stress_gpa").size(), 6U);
    EXPECT_NE(fixed.at("stress_gpa")[0].get<double>(), 0);
    auto free_words = words;
    free_words.insert(free_words.end(), {"--cell", "--smax", "1e6"});
    const auto free = nlohmann::json::parse(alkali(free_words).output).at(0);
    double largest = 0;
    for (const auto& component : free.at("stress_gpa")) largest = std::max(largest, std::abs(component.get<double>()));
    EXPECT_NEAR(free.at("max_stress_gpa").get<double>(), largest, 1e-9);
}

TEST_F(Options, relax_refuses_what_the_output_cannot_hold_before_the_work) {
    const auto outcome =
        alkali({"relax", "model.safetensors", "data.extxyz", "-o", "x_POSCAR.vasp", "--steps", "100000", "--fmax", "1e-300"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("one structure"), Not(HasSubstr("converge")))) << outcome.errors;
}

TEST_F(Options, relax_tells_what_the_output_does_not_hold) {
    const auto outcome = alkali({"relax", "model.safetensors", "data.extxyz", "-o", "folder/", "--steps", "1", "--fmax", "1e-12"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors,
                AllOf(HasSubstr("geometry_converged"), HasSubstr("nothing in them says so"), Not(HasSubstr("with geometry_converged=F"))))
        << outcome.errors;
}

// --- streams and files

TEST_F(Options, results_alone_are_on_standard_output) {
    const auto outcome = alkali(
        {"properties", "kim:EAM_MagneticCubic_DerletNguyenDudarev_2007_V__MO_683890323730_002", "--only", "lattice", "-o", "p", "--json"});
    if (outcome.errors.find("not found") != std::string::npos || outcome.status != 0)
        GTEST_SKIP() << "no such KIM model: " << outcome.errors;
    EXPECT_TRUE(nlohmann::json::accept(outcome.output)) << outcome.output.substr(0, 200);
    EXPECT_THAT(outcome.errors, HasSubstr("Potential info"));
}

TEST_F(Options, standard_output_may_be_named_as_a_file) {
    for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
        const auto outcome = alkali({"info", "data.extxyz", "--json", name});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_THAT(outcome.output, HasSubstr("\"formats\"")) << name;
    }
}

TEST_F(Options, outputs_that_cannot_be_written_are_refused_before_the_work) {
    const auto before = scratch_.content();
    const auto outcome = alkali({"benchmark", "model.safetensors", "--atoms", "2", "--json", "/proc/x.json"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, HasSubstr("/proc/x.json"));
    EXPECT_EQ(outcome.output, "");
    for (const Words& words : {Words{"evaluate", "model.safetensors", "data.extxyz", "--json", "/proc/x/y.json"},
                               Words{"predict", "model.safetensors", "data.extxyz", "-o", "/proc/x.extxyz"},
                               Words{"report", ".", "-o", "/proc/x.html"}, Words{"info", "data.extxyz", "--json", "/proc/x.json"}}) {
        const auto other = alkali(words);
        EXPECT_EQ(other.status, 1) << words[0];
        EXPECT_THAT(other.all(), AllOf(HasSubstr("/proc/x"), Not(HasSubstr("meV")), Not(HasSubstr("frames:")))) << words[0];
    }
    EXPECT_EQ(scratch_.content(), before) << "nothing is left of the trials";
}

TEST_F(Options, energies_of_atoms_that_a_calculator_does_not_give_are_told) {
    const std::string model = "kim:EDIP_BelkoGusakovDorozhkin_2010_Ge__MO_";
    write("ge.extxyz", "2\nLattice=\"5.6 0 0 0 5.6 0 0 0 5.6\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\nGe 0 0 0\nGe 1.4 1.4 1.4\n");
    const auto outcome = alkali({"predict", model + "129433059219_001", "ge.extxyz", "-o", "o.extxyz", "--per-atom"});
    if (outcome.status != 0) GTEST_SKIP() << "no such KIM model here: " << outcome.errors;
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("--per-atom"), HasSubstr("1 of 1 frames")));
}

// --- the way the program is started

TEST_F(Options, a_program_started_by_the_linker_starts_nothing_else) {
    const std::string linker = "/lib64/ld-linux-x86-64.so.2";
    if (::access(linker.c_str(), X_OK) != 0) GTEST_SKIP() << "another linker";
    write("doctor", "#!/bin/sh\necho WRONG PROGRAM\n");
    std::filesystem::permissions(scratch_.path() / "doctor", std::filesystem::perms::owner_all);
    const auto command = "cd " + scratch_.path().string() + " && env -u OMP_NUM_THREADS -u GOMP_SPINCOUNT -u OMP_WAIT_POLICY " + linker +
                         " " + ALKALI_PROGRAM + " ./doctor > out 2>&1; echo $? >> out; env -u OMP_NUM_THREADS " + linker + " " +
                         ALKALI_PROGRAM + " doctor >> out 2>&1; echo $? >> out";
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_THAT(read("out"), AllOf(Not(HasSubstr("WRONG PROGRAM")), HasSubstr("unknown command './doctor'"), HasSubstr("threads"),
                                   testing::EndsWith("\n0\n")));
}

TEST_F(Options, report_follows_no_links_in_circles) {
    std::filesystem::create_directories(scratch_.path() / "loop");
    for (const char* member : {"member_1", "member_2"}) std::filesystem::create_directory_symlink(".", scratch_.path() / "loop" / member);
    write("loop/records.json", R"({"schema": 1, "records": {"a0": {"value": 3.4, "unit": "angstrom"}}})");
    write("l.html", "");
    Surroundings limited;
    limited.seconds = 20;
    EXPECT_EQ(alkali({"report", "loop", "-o", "l.html"}, limited).status, 0);
    std::filesystem::create_directories(scratch_.path() / "com" / "member_3");
    std::filesystem::copy(scratch_.path() / "loop/records.json", scratch_.path() / "com/member_3/records.json");
    EXPECT_NE(alkali({"report", "com", "-o", "com/member_3/records.json"}).status, 0) << "an input of a member";
}

}  // namespace
}  // namespace alkali::cli_test::options_tests
